import type { RunStore } from "../../../platform.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { stages, stepsOf, variantOf } from "../../../train/warmup.ts";
import { configText, reopenRun } from "../../run/record.ts";
import type { Session } from "../../session/session.ts";
import { expectTeachable } from "../../session/session_warmup.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { createFreeRunFolder } from "../storage/free_run_folder.ts";
import { createRunFolder, expectNewFolder, resumeRunFolder, writeNewFolder } from "../storage/run_folder.ts";
import { useSession, withGpu } from "./open_session.ts";
import { TrainProgress } from "./train_progress.ts";

/** Steps of a warm start between two checkpoints: they take a fraction of a second each. */
const warmupSaveEvery = 250;

/** Makes a starting model from random weights, or goes on making one. Returns the exit code. */
export async function warmupCommand(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
): Promise<number> {
  if (options.resume !== undefined) {
    const store = await resumeRunFolder(options.resume);
    try {
      const platform = await withGpu(context);
      const { config, files, notices } = await reopenRun(store, changes, platform);
      if (!options.logJson) for (const notice of notices) context.terminal.print(`! ${notice}`);
      return await useSession({ platform, config, named: changes, options, context }, async (session) => {
        const made = files ? await session.restore(files) : 0;
        return warmupInto({ session, store, config, made, options, context });
      });
    } finally {
      await store.close();
    }
  }
  // The steps follow from the rows: a checkpoint of any other number would belong to another warm start.
  const wanted = resolveConfig(changes);
  const config = {
    ...wanted,
    steps: stepsOf(stages(variantOf(wanted), wanted.warmupRows)),
  };
  if (options.out !== undefined) await expectNewFolder(options.out);
  return useSession({ platform: await withGpu(context), config, named: changes, options, context }, async (session) => {
    // A run that cannot begin leaves nothing behind.
    expectTeachable(config, session.model.view?.factor ?? null);
    const base = `runs/warmup-${config.preset}-${config.seed}`;
    const store = options.out === undefined ? await createFreeRunFolder(base) : await createRunFolder(options.out);
    if (options.out === undefined && !options.logJson) context.terminal.print(`The run is written into ${store.place}`);
    try {
      await store.writeConfig(configText(config));
      return await warmupInto({ session, store, config, made: 0, options, context });
    } finally {
      await store.close();
    }
  });
}

interface Warmup {
  session: Session;
  store: RunStore;
  config: RunConfig;
  /** Steps made before. */
  made: number;
  options: Options;
  context: CommandContext;
}

/** Trains from random weights, and writes the model. Returns the exit code. */
async function warmupInto({ session, store, config, made, options, context }: Warmup): Promise<number> {
  const folder = store.place;
  let step = made;
  let pending: string[] = [];
  const save = async () => {
    const { files } = await session.checkpoint();
    // Logged before it is done: a log that names a checkpoint too many can be cut, one that lacks it cannot.
    await store.appendLog([...pending, JSON.stringify({ type: "checkpoint", step, path: store.place })]);
    pending = [];
    await store.writeCheckpoint(files);
  };
  const stop = new AbortController();
  const progress = new TrainProgress(context.terminal, { steps: config.steps, made, json: options.logJson ?? false });
  for await (const event of session.warmup(stop.signal, (made) => made % warmupSaveEvery === 0)) {
    pending.push(JSON.stringify(event));
    progress.show(event);
    if (event.type !== "warmup") continue;
    step++;
    // What the device has already got comes as one more event.
    if (context.stopping()) stop.abort();
    else if (step % warmupSaveEvery === 0) await save();
  }
  if (stop.signal.aborted) {
    await save();
    if (!options.logJson)
      context.terminal.print(
        `Stopped after step ${step} of ${config.steps}; go on with: npm run saccade -- warmup --resume ${folder}`,
      );
    return exitCodes.interrupted;
  }
  await store.appendLog(pending);
  await writeNewFolder(`${folder}/model`, await session.exportFiles());
  if (!options.logJson) context.terminal.print(`The model is in ${folder}/model`);
  return exitCodes.done;
}
