import type { Metrics, TrainEvent } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";

/** Numbers of a step that are not among its metrics: times and memory, which differ between two runs of a seed, and a sum. */
export function addedNumbers(config: RunConfig | null, event: Extract<TrainEvent, { type: "update" }>): Metrics {
  const { metrics, durationMs, rollMs, updateMs, peakMemoryBytes } = event;
  const found: Metrics = {};
  // A log may lack any of them.
  const times = { "time/step_s": durationMs, "time/roll_s": rollMs, "time/update_s": updateMs };
  for (const [name, ms] of Object.entries(times)) if (Number.isFinite(ms)) found[name] = ms / 1000;
  const tokens = (metrics.response_tokens ?? 0) * (config?.tasksPerStep ?? 0) * (config?.rolloutsPerTask ?? 0);
  if (tokens > 0 && rollMs > 0) found.tokens_per_second = (tokens * 1000) / rollMs;
  if (peakMemoryBytes !== undefined) found["memory/peak_gib"] = peakMemoryBytes / 2 ** 30;
  for (const name in metrics)
    if (name.startsWith("call_error/")) found.failed_calls = (found.failed_calls ?? 0) + metrics[name]!;
  return found;
}
