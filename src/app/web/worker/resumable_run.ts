import type { RunConfig } from "../../../train/knobs.ts";
import type { StoredRun } from "../../worker_api/run_api.ts";
import { runName } from "../labels/run_name.ts";
import { storedRuns, storedSettings } from "./run_store.ts";

/** The newest stored run with these settings that has a checkpoint, has not made all its steps, and is not under way. */
export async function resumableRun(config: RunConfig): Promise<StoredRun | null> {
  const base = runName(config);
  for (const run of await storedRuns()) {
    if (run.savedStep === 0 || run.savedStep >= config.steps || run.writer !== null) continue;
    // A run keeps the name of its first settings, and may have been given others on its way.
    const named = run.name === base || run.name.startsWith(`${base} (`);
    if (named || (await hasSettings(run, base))) return run;
  }
  return null;
}

async function hasSettings({ name }: StoredRun, base: string): Promise<boolean> {
  try {
    return runName(await storedSettings(name)) === base;
  } catch {
    // Damaged settings are reported when the run is resumed from the list.
    return false;
  }
}
