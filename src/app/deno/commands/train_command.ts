import type { RunStore } from "../../../platform.ts";
import { expectBaseDtype } from "../../../train/adapter_settings.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { Metrics } from "../../../train/events.ts";
import { expectFreezable } from "../../../train/frozen_weights.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { judgeUse, judgeUseText } from "../../judge/judge_use.ts";
import { peakLine } from "../../memory/peak_table.ts";
import { atCommits } from "../../run/at_commits.ts";
import { configText, readStored, recordRun, reopenRun } from "../../run/record.ts";
import type { RecordOptions } from "../../run/run_recorder.ts";
import { runSources } from "../../run/run_sources.ts";
import type { Session } from "../../session/session.ts";
import type { Options } from "../command_line/arguments.ts";
import { type CommandContext, stopSignal } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { createFreeRunFolder } from "../storage/free_run_folder.ts";
import { expectJudgeMeant } from "../storage/judge_of_file.ts";
import { createRunFolder, expectNewFolder, resumeRunFolder } from "../storage/run_folder.ts";
import { dryRun } from "./dry_run.ts";
import { judgeKey } from "./judge_command.ts";
import { useSession, withGpu } from "./open_session.ts";
import { expectOwnCodeNamed } from "./own_code.ts";
import { TrainProgress } from "./train_progress.ts";
import { printWorldHint } from "./world_hint_line.ts";

/** Begins a run, or goes on with one. Returns the exit code. */
export async function trainCommand(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
): Promise<number> {
  if (options.resume !== undefined) {
    const store = await resumeRunFolder(options.resume);
    try {
      // Before anything is read by it or written.
      const { config: stored } = readStored(await store.readConfig());
      expectOwnCodeNamed(stored, changes);
      await expectJudgeMeant(options.resume, stored, changes, Boolean(judgeKey()));
      const platform = await withGpu(context);
      const reopened = await reopenRun(store, changes, platform);
      const { config, files } = reopened;
      return await useSession({ platform, config, named: changes, options, context }, async (session) => {
        const resumedAt = files ? await session.restore(files) : 0;
        return trainInto({ session, store, config, from: { resumedAt, ...reopened }, options, context });
      });
    } finally {
      await store.close();
    }
  }
  const wanted = resolveConfig(changes);
  expectBaseDtype(wanted);
  expectFreezable(wanted);
  printWorldHint(wanted, options, context);
  if (options.dryRun) return dryRun(wanted, context, options.gpuMemory);
  // Looked at before the model is loaded, made only after: a run that cannot begin leaves nothing behind.
  if (options.out !== undefined) await expectNewFolder(options.out);
  const platform = await withGpu(context);
  const config = await atCommits(wanted, platform);
  return useSession({ platform, config, named: changes, options, context }, async (session) => {
    session.expectTrainable();
    await session.expectTasks();
    const sources = await runSources(config, platform);
    const base = `runs/${wanted.preset}-${wanted.seed}`;
    const store = options.out === undefined ? await createFreeRunFolder(base) : await createRunFolder(options.out);
    if (options.out === undefined && !options.logJson) context.terminal.print(`The run is written into ${store.place}`);
    try {
      await store.writeConfig(configText(config, sources));
      return await trainInto({ session, store, config, from: { resumedAt: 0, sources }, options, context });
    } finally {
      await store.close();
    }
  });
}

interface Training {
  session: Session;
  store: RunStore;
  config: RunConfig;
  from: Pick<RecordOptions, "resumedAt" | "upcoming" | "made" | "notices" | "sources">;
  options: Options;
  context: CommandContext;
}

/** Trains and records. Returns the exit code. */
async function trainInto({ session, store, config, from, options, context }: Training): Promise<number> {
  const { terminal, stopping } = context;
  const { saveEvery } = config;
  const signal = stopSignal(context);
  const codes = { done: exitCodes.done, stopped: exitCodes.interrupted, failed: exitCodes.failed };
  let code: number = exitCodes.done;
  const progress = new TrainProgress(terminal, {
    steps: config.steps,
    made: from.resumedAt,
    json: options.logJson ?? false,
  });
  let isWhole = true;
  const steps: Metrics[] = [];
  for await (const event of recordRun(session, store, { ...from, saveEvery, sparing: true, stopping, signal })) {
    if (event.type === "update") steps.push(event.metrics);
    if (event.type === "end") {
      isWhole = event.reason === "done";
      // A run that a budget ended has done what it was asked for, and says so.
      const isBudget = event.reason === "stopped" && event.message !== undefined;
      code = isBudget ? exitCodes.done : codes[event.reason];
    }
    progress.show(event);
  }
  if (session.peakMemory && !options.logJson) terminal.print(peakLine(session.peakMemory));
  const use = judgeUse(steps);
  if (use && !options.logJson) terminal.print(`The judge: ${judgeUseText(use)}`);
  // Also where the judge refused all questions: the steps made are kept.
  if (!isWhole && !options.logJson) terminal.print(`Go on with: npm run saccade -- train --resume ${store.place}`);
  return code;
}
