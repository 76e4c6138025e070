import type { NamedBytes, Platform, RunStore } from "../platform.ts";
import { type Fingerprint, readFingerprints } from "../tasks/fingerprint.ts";
import { checkpointProblem, readConfig, readTrainerState } from "../train/checkpoint.ts";
import { checkKnob, resolveConfig } from "../train/config.ts";
import type { Metrics, TrainEvent } from "../train/events.ts";
import { knobs, type RunConfig } from "../train/knobs.ts";
import { isLogged, logUpTo } from "./run_log.ts";
import { checkSources } from "./run_sources.ts";
import type { Session } from "./session.ts";

/** A stored run, ready to go on. */
export interface ReopenedRun {
  config: RunConfig;
  /** Null where no checkpoint was written: it begins anew. */
  files: NamedBytes[] | null;
  /** What it was made with, and is. */
  sources: Fingerprint[];
  /** Metrics of the steps made, as far as the log has them. */
  metrics: Metrics[];
  /** What a person should know, a sentence each. */
  notices: string[];
}

/**
 * The configuration and last checkpoint of a stored run, with its log cut to where the checkpoint was written.
 * `changes` may touch knobs that apply at the next step. @throws Error for other changes, for damaged files, and where the
 * run's data or model are not what it was made with; nothing is written then.
 */
export async function reopenRun(
  store: RunStore,
  changes: Partial<Record<keyof RunConfig, unknown>>,
  platform: Platform,
): Promise<ReopenedRun> {
  const { config: stored, sources: storedSources } = readStored(await store.readConfig());
  const config = resolveConfig({ ...stored, ...changes });
  for (const key of Object.keys(changes) as (keyof RunConfig)[]) {
    if (checkKnob(key, changes[key]) !== stored[key] && knobs[key].applies === "new run") {
      throw new Error(
        `${key} cannot change in a run that has begun: it is ${stored[key]} in ${store.place}, found ${changes[key]}; leave it out, or begin a new run`,
      );
    }
  }
  const { files, isPrevious, notice } = await lastWhole(store);
  const step = files ? readTrainerState(files).step : 0;
  if (config.steps <= step) {
    if (config.steps === stored.steps) await sayThatItIsDone(store, step, stored);
    throw new Error(
      `The run in ${store.place} has made ${step} steps of ${config.steps} already; ask for more with --steps`,
    );
  }
  const { sources, notice: unchecked } = await checkSources(config, storedSources, platform);
  const log = logUpTo(await store.readLog(), step, { place: store.place, config: stored });
  if (isPrevious) await store.takePrevious?.();
  await store.replaceLog(log.text, log.cut);
  await store.writeConfig(configText(config, sources));
  const notices = [notice, log.notice, unchecked].filter((one) => one !== null);
  return { config, files, sources, metrics: log.metrics, notices };
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

function parseConfig(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw new Error(`config.json: expected a JSON object, found ${text.slice(0, 40)}`);
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

export interface RecordOptions {
  saveEvery: number;
  resumedAt: number;
  stopping: () => boolean;
  /** Ends the wait for a judge as well. */
  signal?: AbortSignal;
  /** As `reopenRun` gives them. */
  metrics?: readonly Metrics[];
  notices?: readonly string[];
  /** For the head of the log. */
  sources?: readonly Fingerprint[];
}

/**
 * Trains, and keeps the run: events go into the log step by step, checkpoints are written every `config.saveEvery`
 * steps and at the end. Yields what happens, "checkpoint" and "end" events of its own among it.
 * Once `stopping` says true, the run is saved and ended at the next event; `signal` spares the wait for a judge.
 * @throws Error what the session or the store throws; the log then ends with a "failed" event where it can.
 */
export async function* recordRun(
  session: Session,
  store: RunStore,
  options: RecordOptions,
): AsyncGenerator<TrainEvent> {
  let step = options.resumedAt;
  let savedStep = options.resumedAt;
  let pending: string[] = [];
  const log = async (event: TrainEvent): Promise<TrainEvent> => {
    if (isLogged(event)) pending.push(JSON.stringify(event));
    // Within a step nothing is worth a wait for the disk: going on begins at a checkpoint.
    if (["run", "config", "update", "eval", "alarm", "checkpoint", "end"].includes(event.type)) {
      await store.appendLog(pending);
      pending = [];
    }
    return event;
  };
  const save = async (): Promise<TrainEvent> => {
    const checkpoint = await session.checkpoint();
    if (checkpoint.step !== step)
      throw new Error(`Expected a checkpoint of step ${step}, found one of step ${checkpoint.step}`);
    await store.writeCheckpoint(checkpoint.files);
    savedStep = step;
    return log({ type: "checkpoint", step, path: store.place });
  };
  try {
    for await (const event of session.train(options.signal, options.metrics)) {
      // What a step had begun that is not in the checkpoint would stand before it in the log.
      if (event.type === "end" && event.reason !== "done") pending = [];
      // Before the next step rather than after the update, so that an evaluation of this step stays with it.
      const stepIsOver = event.type === "tasks" || event.type === "end";
      if (stepIsOver && step > savedStep && (event.type === "end" || step % options.saveEvery === 0))
        yield await save();
      const { sources = [] } = options;
      yield await log(event.type === "run" && sources.length > 0 ? { ...event, sources } : event);
      if (event.type === "run")
        for (const message of options.notices ?? []) yield await log({ type: "alarm", step, message });
      if (event.type === "update") step = event.step;
      if (event.type === "end") return;
      if (options.stopping()) break;
    }
    // What this step had begun is not in the checkpoint, and would stand before it in the log.
    pending = [];
    if (step > savedStep) yield await save();
    yield await log({ type: "end", step, reason: "stopped" });
  } catch (error) {
    // The error counts, not whether the log could still be written.
    await log({ type: "end", step, reason: "failed", message: (error as Error).message }).catch(() => {});
    throw error;
  }
}
