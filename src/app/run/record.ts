import type { NamedBytes, Platform, RunStore } from "../../platform.ts";
import { type Fingerprint, readFingerprints } from "../../tasks/fingerprint.ts";
import { checkpointProblem } from "../../train/checkpoint.ts";
import { checkKnob, resolveConfig } from "../../train/config.ts";
import type { ChangeAtStep, TrainEvent } from "../../train/events.ts";
import { knobs, type RunConfig } from "../../train/knobs.ts";
import type { MadeBefore } from "../../train/run_parts.ts";
import { readConfig, readTrainerState } from "../../train/trainer_state.ts";
import type { OwnParts } from "../session/run_context.ts";
import type { Session } from "../session/session.ts";
import { resumedSettings } from "./resumed_settings.ts";
import { logUpTo } from "./run_log.ts";
import { type RecordOptions, RunRecorder } from "./run_recorder.ts";
import { checkSources } from "./run_sources.ts";

/** A stored run, ready to go on. */
export interface ReopenedRun {
  /** What it had at its checkpoint. */
  config: RunConfig;
  /** What was changed after. */
  upcoming: ChangeAtStep[];
  /** What it had in the end. */
  latest: RunConfig;
  /** Null where no checkpoint was written: it begins anew. */
  files: NamedBytes[] | null;
  /** What it was made with, and is. */
  sources: Fingerprint[];
  /** Metrics of the steps and evaluations made, as far as the log has them. */
  made: MadeBefore;
  /** What a person should know, a sentence each. */
  notices: string[];
}

/**
 * The configuration and last checkpoint of a stored run, with its log cut to where the checkpoint was written.
 * `changes` may touch knobs that apply at the next step, and hold from the checkpoint on. @throws Error for other changes,
 * for damaged files, and where the run's data or model are not what it was made with; nothing is written then.
 */
export async function reopenRun(
  store: RunStore,
  changes: Partial<Record<keyof RunConfig, unknown>>,
  platform: Platform,
  own?: OwnParts,
): Promise<ReopenedRun> {
  const { config: stored, sources: storedSources } = readStored(await store.readConfig());
  const latest = resolveConfig({ ...stored, ...changes });
  for (const key of Object.keys(changes) as (keyof RunConfig)[]) {
    if (checkKnob(key, changes[key]) !== stored[key] && knobs[key].applies === "new run") {
      throw new Error(
        `${key} cannot change in a run that has begun: it is ${stored[key]} in ${store.place}, found ${changes[key]}; leave it out, or begin a new run`,
      );
    }
  }
  const { files, isPrevious, notice } = await lastWhole(store);
  const saved = files ? readTrainerState(files) : null;
  const step = saved?.step ?? 0;
  if (latest.steps <= step) {
    if (latest.steps === stored.steps) await sayThatItIsDone(store, step, stored);
    throw new Error(
      `The run in ${store.place} has made ${step} steps of ${latest.steps} already; ask for more with --steps`,
    );
  }
  const { sources, notice: unchecked } = await checkSources(latest, storedSources, platform, own);
  const whole = await store.readLog();
  const log = logUpTo(whole, step, { place: store.place, config: stored });
  const resumed = resumedSettings(stored, saved, whole);
  const upcoming = resumed.upcoming.map((change) => ({ ...change, changes: without(change.changes, changes) }));
  if (isPrevious) await store.takePrevious?.();
  await store.writeConfig(configText(latest, sources));
  await store.replaceLog(log.text, log.cut);
  const notices = [notice, log.notice, unchecked].filter((one) => one !== null);
  const config = resolveConfig({ ...resumed.config, ...changes });
  return { config, upcoming, latest, files, sources, made: log.made, notices };
}

/** Ends the log of a run that was interrupted between its last checkpoint and its last word. */
async function sayThatItIsDone(store: RunStore, step: number, config: RunConfig): Promise<void> {
  const log = await store.readLog();
  if (/\{"type":"end"[^\n]*\}\n$/.test(log)) return;
  const { text, cut } = logUpTo(log, step, { place: store.place, config });
  const end = { type: "end", step, reason: "done" } satisfies TrainEvent;
  await store.replaceLog(`${text}${JSON.stringify(end)}\n`, cut);
}

/** The last checkpoint, or where it is damaged the one before. @throws Error where neither is whole */
async function lastWhole(
  store: RunStore,
): Promise<{ files: NamedBytes[] | null; isPrevious: boolean; notice: string | null }> {
  const files = await store.readCheckpoint();
  const problem = files && (await checkpointProblem(files));
  if (problem === null) return { files, isPrevious: false, notice: null };
  const previous = (await store.readPrevious?.()) ?? null;
  if (previous === null || (await checkpointProblem(previous)) !== null)
    throw new Error(
      `The checkpoint in ${store.place} is damaged, and there is no whole one before it: ${problem}; begin a new run`,
    );
  const { step } = readTrainerState(previous);
  const notice = `The last checkpoint in ${store.place} is damaged (${problem}); the run goes on from the one before, of step ${step}`;
  return { files: previous, isPrevious: true, notice };
}

const without = (config: Partial<RunConfig>, others: object): Partial<RunConfig> =>
  Object.fromEntries(Object.entries(config).filter(([key]) => !Object.hasOwn(others, key)));

/** @throws Error where it is not a JSON object */
function parseConfig(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Reported below, as for JSON that is not an object.
  }
  throw new Error(
    `config.json: expected a JSON object, found ${JSON.stringify(text.slice(0, 40))}; put a whole one back ("config" in checkpoint/trainer_state.json is one), or begin a new run`,
  );
}

/** A configuration as it is stored, with what the run is made with. */
export const configText = (config: RunConfig, sources: readonly Fingerprint[] = []): string =>
  `${JSON.stringify(sources.length > 0 ? { ...config, sources } : config, null, 2)}\n`;

/** The opposite; no `sources` where they were not stored. @throws Error for damaged text */
export function readStored(text: string): { config: RunConfig; sources?: Fingerprint[] } {
  const json = parseConfig(text);
  const sources = readFingerprints(json.sources);
  return { config: readConfig(json, "config.json"), ...(sources ? { sources } : {}) };
}

/** A run that is kept as it happens, for those who need no more than its events. @throws Error as RunRecorder.events does */
export const recordRun = (session: Session, store: RunStore, options: RecordOptions): AsyncGenerator<TrainEvent> =>
  new RunRecorder(session, store, options).events();
