import { resolveConfig } from "../train/config.ts";
import { type KnobName, knobs, type RunConfig } from "../train/knobs.ts";
import type { AliasTable } from "./alias_rules.ts";
import { trlNames } from "./trl/names.ts";
import { verlNames } from "./verl/names.ts";

/** How other trainers call a knob; empty where they have nothing like it. */
export interface KnobNames {
  verl: readonly string[];
  trl: readonly string[];
}

/** Configurations in which every setting is written: with an adapter, and with DeepEyes' own agent loop. */
const bases = [
  { loraRank: 8, klLossCoef: 0.1, klRewardCoef: 0.1 },
  { loraRank: 8, tool: "deepeyes" },
  { lrSchedule: "cosine", minLrRatio: 0.1 },
].map((changes) => resolveConfig(changes));

/** By what a change of the knob changes in the settings that are written for them. */
export function knobNames(knob: KnobName): KnobNames {
  const changed = (table: AliasTable): string[] => {
    const found = new Set<string>();
    for (const base of bases)
      for (const value of otherValues(knob, base))
        for (const name of differing(table, base, { ...base, [knob]: value })) found.add(name);
    return [...found];
  };
  return { verl: changed(verlNames), trl: changed(trlNames) };
}

/** Names of settings whose values differ, or that only one of the configurations has. */
function differing({ mappings }: AliasTable, one: RunConfig, other: RunConfig): string[] {
  return mappings.flatMap(({ write }) => {
    if (!write) return [];
    const [before, after] = [write(one), write(other)];
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    // hydra's signs of what its files do not have
    return [...names].filter((name) => before[name] !== after[name]).map((name) => name.replace(/^\++/, ""));
  });
}

function otherValues(name: KnobName, base: RunConfig): unknown[] {
  const knob = knobs[name];
  if (knob.kind === "boolean") return [!base[name]];
  if (knob.kind === "choice") return knob.choices.filter((choice) => choice !== base[name]);
  if (knob.kind === "text") return ["other"];
  const value = base[name] as number;
  return [knob.min, Math.min(knob.max, value + 1), knob.max].filter((one) => one !== value);
}
