import type { NamedBytes } from "../../../platform.ts";
import { readTrainerState } from "../../../train/trainer_state.ts";
import { keptAt, stepsOfKept } from "./kept_weights.ts";
import { pageRuns } from "./page_run_store.ts";
import { storedCheckpoint, storedEntry } from "./run_store.ts";

/** Steps of a run whose weights are stored, ascending. @throws Error where there is no run of that name */
export async function keptSteps(name: string): Promise<number[]> {
  const { step } = await storedEntry(name);
  const steps = new Set([...(pageRuns.has(name) ? [] : await stepsOfKept(name)), ...(step > 0 ? [step] : [])]);
  return [...steps].sort((a, b) => a - b);
}

/** The weights of a run after a step, as files for a session that stands beside another; null where they are not stored. */
export async function keptWeights(name: string, step: number): Promise<NamedBytes[] | null> {
  const kept = pageRuns.has(name) ? null : await keptAt(name, step);
  if (kept) return kept;
  const files = await storedCheckpoint(name);
  return files && readTrainerState(files).step === step ? files : null;
}
