import type { NamedBytes, RunStore } from "../platform.ts";
import { readConfig, readTrainerState } from "../train/checkpoint.ts";
import { checkKnob, resolveConfig } from "../train/config.ts";
import type { ChangeAtStep, TrainEvent } from "../train/events.ts";
import { knobs, type RunConfig } from "../train/knobs.ts";
import { resumedSettings } from "./resumed_settings.ts";
import { logUpTo } from "./run_log.ts";
import { type RecordOptions, RunRecorder } from "./run_recorder.ts";
import type { Session } from "./session.ts";

/**
 * The configuration and last checkpoint of a stored run, with its log cut to where the checkpoint was written.
 * `config` is what it had there, `upcoming` what was changed after, and `latest` what it had in the end. `changes` may
 * touch knobs that apply at the next step, and hold from the checkpoint on. @throws Error for other changes, and for damaged files.
 */
export async function reopenRun(
  store: RunStore,
  changes: Partial<Record<keyof RunConfig, unknown>>,
): Promise<{ config: RunConfig; upcoming: ChangeAtStep[]; latest: RunConfig; files: NamedBytes[] | null }> {
  const stored = readConfig(parseConfig(await store.readConfig()), "config.json");
  const latest = resolveConfig({ ...stored, ...changes });
  for (const key of Object.keys(changes) as (keyof RunConfig)[]) {
    if (checkKnob(key, changes[key]) !== stored[key] && knobs[key].applies === "new run") {
      throw new Error(
        `${key} cannot change in a run that has begun: it is ${stored[key]} in ${store.place}, found ${changes[key]}; leave it out, or begin a new run`,
      );
    }
  }
  const files = await store.readCheckpoint();
  const saved = files ? readTrainerState(files) : null;
  const step = saved?.step ?? 0;
  if (latest.steps <= step)
    throw new Error(
      `The run in ${store.place} has made ${step} steps of ${latest.steps} already; ask for more with --steps`,
    );
  const log = await store.readLog();
  const kept = logUpTo(log, step);
  const resumed = resumedSettings(stored, saved, log);
  const upcoming = resumed.upcoming.map((change) => ({ ...change, changes: without(change.changes, changes) }));
  await store.writeConfig(configText(latest));
  await store.replaceLog(kept);
  return { config: resolveConfig({ ...resumed.config, ...changes }), upcoming, latest, files };
}

const without = (config: Partial<RunConfig>, others: object): Partial<RunConfig> =>
  Object.fromEntries(Object.entries(config).filter(([key]) => !Object.hasOwn(others, key)));

/** @throws Error where it is no JSON object */
export function parseConfig(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw new Error(`config.json: expected a JSON object, found ${text.slice(0, 40)}`);
}

/** A configuration as it is stored. */
export const configText = (config: RunConfig): string => `${JSON.stringify(config, null, 2)}\n`;

/** A run that is kept as it happens, for those who need no more than its events. @throws Error as RunRecorder.events does */
export const recordRun = (session: Session, store: RunStore, options: RecordOptions): AsyncGenerator<TrainEvent> =>
  new RunRecorder(session, store, options).events();
