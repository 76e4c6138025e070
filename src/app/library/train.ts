import type { RunStore } from "../../platform.ts";
import { resolveConfig } from "../../train/config.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { configText, recordRun, reopenRun } from "../run/record.ts";
import type { RecordOptions } from "../run/run_recorder.ts";
import { runSources } from "../run/run_sources.ts";
import type { OwnParts } from "../session/run_context.ts";
import { sameModel } from "../session/session.ts";
import type { Host } from "./host.ts";
import { openWith } from "./open_model.ts";
import { OpenModel } from "./opened_model.ts";
import { type OwnSettings, splitSettings } from "./own_settings.ts";

/** What a run is made with: any knob by its name (src/train/knobs.ts), what is your own, and where it is stored. */
export interface TrainOptions extends Omit<OwnSettings, "model"> {
  /** As `openModel` takes it, or a model that was opened with `trainable`; that one is left open, with the new weights. */
  model?: string | OpenModel;
  /** Folder for the run, new or empty, as the command line writes it; without one nothing is stored. Deno only. */
  out?: string;
  /** Folder of a run to continue from its last checkpoint, with the same code as before. Deno only. */
  resume?: string;
  /** Called with each event, for those who do not loop over them. */
  onEvent?: (event: TrainEvent) => void;
  /** Ends the run at its next event, saved where it is stored. */
  signal?: AbortSignal;
}

/** A run under way: its events, one at a time. Each is computed when it is asked for. */
export interface TrainRun extends AsyncGenerator<TrainEvent, void> {
  /** Makes the whole run. Resolves to its last event. @throws Error as the run does */
  finish(): Promise<TrainEvent | null>;
}

/**
 * Trains by GRPO. The run is an iterator of events ("run", "tasks", "group" with its rollouts, "update" with its metrics,
 * "eval", "alarm", "end"; times in ms); leaving the loop ends it, with the weights after the last "update".
 *
 * @throws Error at the first event, in one sentence: no GPU, a knob out of its range, no task to train on, other code than
 *         a stored run was made with, or another model's settings where an open model is given
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

async function* eventsOf(host: Host, options: TrainOptions | null): AsyncGenerator<TrainEvent, void> {
  const { model, out, resume, onEvent, signal, ...settings } = options ?? {};
  const { changes, own } = splitSettings(settings);
  if (resume !== undefined && (out !== undefined || model !== undefined))
    throw new Error("resume continues a run as it was stored; leave out model and out");
  const events =
    resume !== undefined
      ? resumed(host, resume, changes, own, signal)
      : model instanceof OpenModel
        ? begun(host, model, { changes, own, out, signal })
        : opened(host, model, { changes, own, out, signal });
  for await (const event of events) {
    onEvent?.(event);
    yield event;
  }
}

interface Beginning {
  changes: Partial<RunConfig>;
  own: OwnParts;
  out: string | undefined;
  signal: AbortSignal | undefined;
}

/** A run on a model that is opened for it. */
async function* opened(host: Host, name: string | undefined, beginning: Beginning): AsyncGenerator<TrainEvent, void> {
  const config = resolveConfig({ ...beginning.changes, model: name });
  const model = await openWith(host, config, { trainable: true, own: beginning.own });
  try {
    yield* begun(host, model, beginning);
  } finally {
    model.close();
  }
}

/** A run on a model as it is. */
const begun = (host: Host, model: OpenModel, beginning: Beginning): AsyncGenerator<TrainEvent, void> =>
  model.run(fromStart(host, model, beginning));

async function* fromStart(
  host: Host,
  model: OpenModel,
  { changes, own, out, signal }: Beginning,
): AsyncGenerator<TrainEvent, void> {
  const config = resolveConfig({ ...model.settings, ...changes });
  if (!sameModel(config, model.settings))
    throw new Error(
      "maxPixels, baseDtype, kvCacheDtype, matrixUnits and the adapter's knobs belong to a model as it was opened; give them to openModel",
    );
  const all = { ...model.own, ...own };
  await model.begin(config, all);
  await model.session.expectTasks();
  if (out === undefined) {
    yield* model.session.train(signal);
    return;
  }
  const sources = await runSources(config, await host.openPlatform(), all);
  const store = await host.createRun(out);
  try {
    await store.writeConfig(configText(config, sources));
    yield* recorded(model, store, config, { resumedAt: 0, sources, signal });
  } finally {
    await store.close();
  }
}

/** A stored run, continued. */
async function* resumed(
  host: Host,
  folder: string,
  changes: Partial<RunConfig>,
  own: OwnParts,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainEvent, void> {
  const store = await host.resumeRun(folder);
  try {
    const reopened = await reopenRun(store, changes, await host.openPlatform(), own);
    const { config, files } = reopened;
    const model = await openWith(host, config, { trainable: true, own });
    try {
      const resumedAt = files ? await model.restore(files) : 0;
      yield* recorded(model, store, config, { ...reopened, resumedAt, signal });
    } finally {
      model.close();
    }
  } finally {
    await store.close();
  }
}

const recorded = (
  model: OpenModel,
  store: RunStore,
  { saveEvery }: RunConfig,
  from: Omit<RecordOptions, "saveEvery" | "stopping">,
): AsyncGenerator<TrainEvent> =>
  recordRun(model.session, store, { ...from, saveEvery, stopping: () => from.signal?.aborted ?? false });
