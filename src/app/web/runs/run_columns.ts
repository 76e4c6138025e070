import { resolveConfig } from "../../../train/config.ts";
import type { KnobName, RunConfig } from "../../../train/knobs.ts";
import { type RunResult, resultOf } from "../../run/run_summary.ts";
import type { StoredRun } from "../../worker_api/run_api.ts";
import { differingKnobs, knobText } from "../labels/run_differences.ts";
import { runName } from "../labels/run_name.ts";

/** A run as a row of the table shows it. */
export interface ListedRun extends StoredRun {
  /** What a person calls it. */
  label: string;
  /** That is its preset and what differs. */
  isNamedByDifference: boolean;
  result: RunResult | null;
  /** Settings in which the listed runs are not all alike, with this run's values. */
  differs: readonly { knob: KnobName; text: string }[];
}

export type SortKey = "label" | "step" | "accuracy" | "best" | "zoomRate" | "reward" | "device" | "startedAt" | "size";

/** How rows are ordered. */
export interface Order {
  key: SortKey;
  falling: boolean;
}

/** Rows of the table; settings are those in which these runs differ. */
export function listed(runs: readonly StoredRun[]): ListedRun[] {
  const configs = runs.map(({ settings }) => configOf(settings));
  const known = configs.filter((config) => config !== null);
  // Steps have a column of their own.
  const all = known.length > 1 ? differingKnobs(known).filter((knob) => knob !== "steps") : [];
  return runs.map((run, i) => {
    const config = configs[i] ?? null;
    const names =
      known.length > 1 ? all : (Object.keys(run.settings ?? {}) as KnobName[]).filter((key) => key !== "preset");
    const differs = config ? names.map((knob) => ({ knob, text: knobText(config, knob) })) : [];
    const short =
      config && all.length > 0
        ? shortName(
            run.name,
            config,
            differs.map(({ text }) => text),
          )
        : null;
    return {
      ...run,
      label: run.title ?? short ?? run.name,
      isNamedByDifference: run.title === undefined && short !== null,
      result: run.summary && run.step > 0 ? resultOf(run.summary) : null,
      differs,
    };
  });
}

/**
 * A run's own name says all that differs from its preset; beside others, what differs from them is enough. Null where it has
 * another name. The number of one of several with the same settings stays.
 */
function shortName(name: string, config: RunConfig, differs: readonly string[]): string | null {
  const own = runName(config);
  const number = name.slice(own.length);
  if (!name.startsWith(own) || !/^( \(\d+\))?$/.test(number)) return null;
  return `${[config.preset, ...differs].join(", ")}${number}`;
}

function configOf(settings: Partial<RunConfig> | null): RunConfig | null {
  try {
    return settings && resolveConfig(settings);
  } catch {
    // Of another version; whoever opens the run is told.
    return null;
  }
}

const sortValues: Record<SortKey, (run: ListedRun) => string | number | null> = {
  label: ({ label }) => label,
  step: ({ step }) => step,
  accuracy: ({ result }) => result?.accuracy ?? null,
  best: ({ result }) => result?.best?.accuracy ?? null,
  zoomRate: ({ result }) => result?.zoomRate ?? null,
  reward: ({ result }) => result?.reward ?? null,
  device: ({ summary }) => summary?.device ?? null,
  startedAt: ({ startedAt }) => startedAt,
  size: ({ sizeBytes }) => sizeBytes,
};

/** In an order; what is not known comes last either way. */
export function ordered(runs: readonly ListedRun[], { key, falling }: Order): ListedRun[] {
  const value = sortValues[key];
  return [...runs].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    const rising =
      typeof left === "string" ? left.localeCompare(String(right), "en", { numeric: true }) : left - Number(right);
    return falling ? -rising : rising;
  });
}

/** Runs in whose names, settings and devices all words stand. */
export function matching(runs: readonly ListedRun[], words: string): ListedRun[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter(({ name, label, differs, summary }) => {
    const text = [name, label, ...differs.map(({ text: of }) => of), summary?.device ?? ""].join(" ").toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
