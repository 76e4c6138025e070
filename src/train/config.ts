import { worldNames } from "../tasks/worlds/table.ts";
import { type KnobName, knobs, type RunConfig } from "./knobs.ts";
import { isLossName, lossRecipes } from "./loss_recipes.ts";
import { isOwnCode } from "./own_code.ts";
import { presets } from "./presets.ts";

const defaults = Object.fromEntries(
  Object.entries(knobs).map(([key, knob]) => [key, knob.default]),
) as unknown as RunConfig;

/** The configuration of a preset with changes over it. @throws Error that names the nearest preset, knob or range. */
export function resolveConfig(changes: Partial<Record<keyof RunConfig, unknown>>): RunConfig {
  const name = String(changes.preset ?? "needle");
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (!preset)
    throw new Error(
      `There is no preset "${shown(name)}"; did you mean "${nearest(name, Object.keys(presets))}"? Presets: ${Object.keys(presets).join(", ")}`,
    );
  const loss = changes.loss === undefined ? "own" : String(checkKnob("loss", changes.loss));
  const ofLoss = isLossName(loss) ? lossRecipes[loss].changes : {};
  const config: Record<string, unknown> = { ...defaults, ...preset.changes, ...ofLoss, preset: name };
  for (const [key, value] of Object.entries(changes)) if (value !== undefined) config[key] = checkKnob(key, value);
  // Who names a judge's server wants it asked.
  if (changes.judgeUrl && changes.judge === undefined && config.judge === "rules") config.judge = "hardened";
  const resolved = config as unknown as RunConfig;
  const [pair] = contradictions(resolved);
  if (pair) throw contradiction(resolved, pair);
  return resolved;
}

/** Knobs of which the second may not be below the first. */
const ranges = [
  ["shapeMinPx", "shapeMaxPx"],
  ["hopsMin", "hopsMax"],
] as const;

/** The pairs that do not hold. */
export const contradictions = (config: RunConfig): (typeof ranges)[number][] =>
  ranges.filter(([least, most]) => config[most] < config[least]);

/** One sentence about a pair that does not hold. */
export const contradiction = (config: RunConfig, [least, most]: (typeof ranges)[number]): Error =>
  new Error(`${most} (${config[most]}) must be at least ${least} (${config[least]})`);

/** @throws Error about a value that lies within its knob's range and yet means nothing */
function expectMeaningful(key: string, value: unknown): void {
  if (key === "worlds") expectWorlds(String(value));
  if (key === "clipRatioC" && Number(value) > 0 && Number(value) < 1)
    throw new Error(`clipRatioC must be 0 (none) or at least 1, found ${value}`);
  if (key === "resampledCalls" && value === 1)
    throw new Error(
      "resampledCalls must be 0 (none) or at least 2, since continuations are compared with each other, found 1",
    );
}

/** @throws Error where the knob does not name each of some worlds once, which also bounds its length */
function expectWorlds(value: string): void {
  const names = value.split(",");
  const known = worldNames.join(", ");
  const unknown = names.find((name) => !worldNames.includes(name));
  if (unknown !== undefined)
    throw new Error(
      `worlds must be out of ${known}, separated by commas, found "${shown(unknown)}"${unknown === "" ? "" : `; did you mean "${nearest(unknown, worldNames)}"?`}`,
    );
  const repeated = names.find((name, i) => names.indexOf(name) < i);
  if (repeated !== undefined)
    throw new Error(`worlds must be out of ${known}, separated by commas, each once, found "${repeated}" twice`);
}

/**
 * What a configuration is compared with: its preset and what its loss says, nothing else changed. The loss itself counts as a
 * change where it has a name: commands, links and names of runs say it.
 */
export const beginningOf = ({ preset, loss }: Partial<RunConfig>): RunConfig => ({
  ...resolveConfig({ preset, loss }),
  loss: "own",
});

/** A stored configuration with the knobs that it was written before: their defaults are what runs did without them. */
export const withDefaults = (stored: Partial<RunConfig>): RunConfig => ({ ...defaults, ...stored });

/** Knobs in which two configurations differ, in the order of the table. */
export const differences = (config: RunConfig, from: RunConfig): KnobName[] =>
  (Object.keys(knobs) as KnobName[]).filter((name) => config[name] !== from[name]);

/** The value of one knob, parsed from text if need be. @throws Error that says what was expected and found. */
export function checkKnob(key: string, value: unknown): RunConfig[keyof RunConfig] {
  const found = key === "worlds" ? String(value).split(",").map(trimmed).join() : inRange(key, value);
  expectMeaningful(key, found);
  return found;
}

const trimmed = (name: string): string => name.trim();

function inRange(key: string, value: unknown): RunConfig[keyof RunConfig] {
  const knob = Object.hasOwn(knobs, key) ? knobs[key as KnobName] : undefined;
  if (!knob) throw new Error(`There is no knob "${shown(key)}"; did you mean "${nearest(key, Object.keys(knobs))}"?`);
  switch (knob.kind) {
    case "text":
      return String(value);
    case "boolean":
      if (value === true || value === "true" || value === "1" || value === "on") return true;
      if (value === false || value === "false" || value === "0" || value === "off") return false;
      throw new Error(`${key} must be true or false, found "${shown(value)}"`);
    case "choice":
      if (!knob.choices.includes(String(value)) && !(knob.orOwnCode && isOwnCode(String(value))))
        throw new Error(
          `${key} must be one of ${knob.choices.join(", ")}${knob.orOwnCode ? ", or a module such as ./mine.ts" : ""}, found "${shown(value)}"; did you mean "${nearest(String(value), knob.choices)}"?`,
        );
      return String(value);
    default: {
      const parsed = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
      if (!Number.isFinite(parsed))
        throw new Error(`${key} must be a number from ${knob.min} to ${knob.max}, found "${shown(value)}"`);
      if (knob.kind === "integer" && !Number.isInteger(parsed))
        throw new Error(`${key} must be a whole number, found ${shown(value)}`);
      if (parsed < knob.min || parsed > knob.max)
        throw new Error(`${key} must lie between ${knob.min} and ${knob.max}, found ${shown(value)}`);
      return parsed;
    }
  }
}

const longestShown = 60;

/** As much of what was found as a sentence bears: a file may hold any text in place of a name or number. */
function shown(value: unknown): string {
  const text = String(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}

/** The candidate with the fewest edits to `word`. */
export const nearest = (word: string, candidates: readonly string[]): string =>
  candidates.reduce((best, c) => (edits(word, c) < edits(word, best) ? c : best));

/** Letters to put in, take out or change, whatever their case (Levenshtein). Of a long word the beginning counts. */
export function edits(word: string, other: string): number {
  const [a, b] = [word.slice(0, longestShown).toLowerCase(), other.toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
