import { beginningOf } from "../../../train/config.ts";
import { knobs, type RunConfig } from "../../../train/knobs.ts";
import { presets } from "../../../train/presets.ts";

/** Knobs that do not make it another experiment. */
const incidental: readonly string[] = ["preset", "seed", "steps", "warmupRows", "evalEvery", "evalTasks", "saveEvery"];

/** A name that says what a run is: its preset, what differs from it, its seed. The same settings give the same name. */
export function runName(config: RunConfig): string {
  const preset = beginningOf({ ...config, preset: Object.hasOwn(presets, config.preset) ? config.preset : "needle" });
  const differences = (Object.keys(knobs) as (keyof RunConfig)[])
    .filter((key) => !incidental.includes(key) && config[key] !== preset[key])
    .map((key) => `${key} ${config[key]}`);
  return [config.preset, ...differences, `seed ${config.seed}`].join(", ");
}

/** Where a run lies that its browser does not keep. */
export const inPageAlone = "this page alone";

/** The name with the first number behind it that is free. */
export function freeName(base: string, taken: ReadonlySet<string>): string {
  if (!taken.has(base)) return base;
  for (let i = 2; ; i++) if (!taken.has(`${base} (${i})`)) return `${base} (${i})`;
}
