import type { NamedBytes, RunStore } from "../platform.ts";
import { readConfig, readTrainerState } from "../train/checkpoint.ts";
import { checkKnob, resolveConfig } from "../train/config.ts";
import type { TrainEvent } from "../train/events.ts";
import { knobs, type RunConfig } from "../train/knobs.ts";
import { isLogged, logUpTo } from "./run_log.ts";
import type { Session } from "./session.ts";

/**
 * The configuration and last checkpoint of a stored run, with its log cut to where the checkpoint was written.
 * `changes` may touch knobs that apply at the next step. @throws Error for other changes, and for damaged files.
 */
export async function reopenRun(
  store: RunStore,
  changes: Partial<Record<keyof RunConfig, unknown>>,
): Promise<{ config: RunConfig; files: NamedBytes[] | null }> {
  const stored = readConfig(parseConfig(await store.readConfig()), "config.json");
  const config = resolveConfig({ ...stored, ...changes });
  for (const key of Object.keys(changes) as (keyof RunConfig)[]) {
    if (checkKnob(key, changes[key]) !== stored[key] && knobs[key].applies === "new run") {
      throw new Error(
        `${key} cannot change in a run that has begun: it is ${stored[key]} in ${store.place}, found ${changes[key]}; leave it out, or begin a new run`,
      );
    }
  }
  const files = await store.readCheckpoint();
  const step = files ? readTrainerState(files).step : 0;
  if (config.steps <= step)
    throw new Error(
      `The run in ${store.place} has made ${step} steps of ${config.steps} already; ask for more with --steps`,
    );
  await store.replaceLog(logUpTo(await store.readLog(), step));
  await store.writeConfig(configText(config));
  return { config, files };
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

/** A configuration as it is stored. */
export const configText = (config: RunConfig): string => `${JSON.stringify(config, null, 2)}\n`;

/**
 * Trains, and keeps the run: events go into the log step by step, checkpoints are written every `config.saveEvery`
 * steps and at the end. Yields what happens, "checkpoint" and "end" events of its own among it.
 * Once `stopping` says true, the run is saved and ended at the next event; `signal` spares the wait for a judge.
 * @throws Error what the session or the store throws; the log then ends with a "failed" event where it can.
 */
export async function* recordRun(
  session: Session,
  store: RunStore,
  options: { saveEvery: number; resumedAt: number; stopping: () => boolean; signal?: AbortSignal },
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
    for await (const event of session.train(options.signal)) {
      // What a step had begun that is not in the checkpoint would stand before it in the log.
      if (event.type === "end" && event.reason !== "done") pending = [];
      // Before the next step rather than after the update, so that an evaluation of this step stays with it.
      const stepIsOver = event.type === "tasks" || event.type === "end";
      if (stepIsOver && step > savedStep && (event.type === "end" || step % options.saveEvery === 0))
        yield await save();
      yield await log(event);
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
