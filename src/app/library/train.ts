import type { RunStore } from "../../platform.ts";
import { resolveConfig } from "../../train/config.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { configText, recordRun } from "../run/record.ts";
import type { RecordOptions } from "../run/run_recorder.ts";
import { runSources } from "../run/run_sources.ts";
import type { GpuSession } from "../session/gpu_session.ts";
import { sameModel } from "../session/session.ts";
import type { Host } from "./host.ts";
import { openModelOn } from "./open_model.ts";
import { OpenModel } from "./opened_model.ts";
import { type OwnSettings, splitSettings } from "./own_settings.ts";

/** What a run is made with: any knob by its name (src/train/knobs.ts), what is your own, and where it is stored. */
export interface TrainOptions extends Omit<OwnSettings, "model"> {
  /** As `openModel` takes it, or a model that was opened with `trainable`; that one is left open, with the new weights. */
  model?: string | OpenModel;
  /** Folder for the run, new or empty, as the command line writes it; without one nothing is stored. */
  out?: string;
  /** Called with each event, for those who do not loop over them. */
  onEvent?: (event: TrainEvent) => void;
  /** Ends the run at its next event, saved where it is stored. */
  signal?: AbortSignal;
}

/** A run under way: its events, one at a time. Nothing happens until somebody asks for the next. */
export interface TrainRun extends AsyncGenerator<TrainEvent, void> {
  /** Makes the whole run. Resolves to its last event. @throws Error as the run does */
  finish(): Promise<TrainEvent | null>;
}

/**
 * Trains by GRPO. The run is an iterator of events ("run", "tasks", "group" with its rollouts, "update" with its metrics,
 * "eval", "alarm", "end"; times in ms); leaving the loop ends it, with the weights after the last "update".
 *
 * @throws Error at the first event, in one sentence: no GPU, a knob out of its range, no task to train on, or another
 *         model's settings where an open model is given
 */
export function trainOn(host: Host, options: TrainOptions = {}): TrainRun {
  const events = eventsOf(host, options);
  return Object.assign(events, {
    finish: async () => {
      let last: TrainEvent | null = null;
      for await (const event of events) last = event;
      return last;
    },
  });
}

async function* eventsOf(
  host: Host,
  { model, out, onEvent, signal, ...settings }: TrainOptions,
): AsyncGenerator<TrainEvent, void> {
  const { changes, own } = splitSettings(settings);
  const isOpen = model instanceof OpenModel;
  if (!isOpen) resolveConfig({ ...changes, model });
  const opened = isOpen ? model : await openModelOn(host, model ?? "needle", { ...settings, trainable: true });
  try {
    const config = resolveConfig({ ...opened.settings, ...changes });
    if (!sameModel(config, opened.settings))
      throw new Error(
        "maxPixels, baseDtype, kvCacheDtype, matrixUnits and the adapter's knobs belong to a model as it was opened; give them to openModel",
      );
    await opened.begin(config, { ...opened.own, ...own });
    const { session } = opened;
    await session.expectTasks();
    const store = out === undefined ? null : await host.createRun(out);
    try {
      for await (const event of store ? stored(host, session, store, config, signal) : session.train(signal)) {
        onEvent?.(event);
        yield event;
      }
    } finally {
      await store?.close();
    }
  } finally {
    if (!isOpen) opened.close();
  }
}

/** The same, kept in a run folder. */
async function* stored(
  host: Host,
  session: GpuSession,
  store: RunStore,
  config: RunConfig,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainEvent, void> {
  const sources = await runSources(config, await host.openPlatform());
  await store.writeConfig(configText(config, sources));
  const options: RecordOptions = {
    saveEvery: config.saveEvery,
    resumedAt: 0,
    sources,
    stopping: () => signal?.aborted ?? false,
    signal,
  };
  yield* recordRun(session, store, options);
}
