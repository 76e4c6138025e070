import type { NamedBytes, Platform } from "../../platform.ts";
import { checkpointProblem, readTrainerState } from "../../train/checkpoint.ts";
import { resolveConfig } from "../../train/config.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { stages, stepsOf } from "../../train/warmup.ts";
import { configText, readStored, recordRun, reopenRun } from "../record.ts";
import type { RecordOptions } from "../run_recorder.ts";
import { atCommits, checkSources, runSources } from "../run_sources.ts";
import type { OpenSession, Session } from "../session.ts";
import { serveFolder } from "../static_server.mjs";
import type { Options, Parsed } from "./arguments.ts";
import { type Asked, askedByDefault, askedTasks } from "./asked_tasks.ts";
import type { CompiledKernel } from "./compile.ts";
import { dryRun } from "./dry_run.ts";
import { exitCodes } from "./exit_codes.ts";
import { judgeCommand, judgeKey } from "./judge_command.ts";
import { parityCommand } from "./parity_command.ts";
import { conformanceCommand, imagesCommand, textCommand } from "./reference_commands.ts";
import { evaluationTable, eventLine, progressLine, rolloutLines } from "./reports.ts";
import {
  createRunFolder,
  expectNewFolder,
  readRunCheckpoints,
  readRunConfig,
  resumeRunFolder,
  writeNewFolder,
} from "./run_folder.ts";
import { settingsCommand } from "./settings_command.ts";
import { type Terminal, visible } from "./terminal.ts";
import { verdictFolder } from "./verdict_folder.ts";

/** What the commands need from outside: the machine, the program proper, and the person who may interrupt. */
export interface Surroundings {
  terminal: Terminal;
  openPlatform(needsGpu: boolean): Promise<Platform>;
  openSession: OpenSession;
  compileKernels(gpu: GPU): AsyncGenerator<CompiledKernel>;
  /** Every compiler that is at hand; `gpu` is null where one is not, and `missing` says why. */
  compilers(): Promise<{ name: string; gpu: GPU | null; missing: string }[]>;
  /** True once the person asked to stop. */
  stopping(): boolean;
  /** Resolves then. */
  untilStopped(): Promise<void>;
  /** Folder of the built page. */
  dist: string;
}

type Request = Extract<Parsed, { help: false }>;

/** Does what a command line asks for. Returns the exit code. @throws Error with a sentence for people. */
export async function runCommand({ command, changes, options }: Request, around: Surroundings): Promise<number> {
  switch (command) {
    case "train":
      return train(changes, options, around);
    case "warmup":
      return warmup(changes, options, around);
    case "eval":
      return withAsked(changes, options, around, (session, step, _, asked) =>
        evaluate(session, step, asked, options, around),
      );
    case "rollout":
      return withAsked(changes, options, around, (session, _, config) => rollout(session, config, options, around));
    case "export":
      return exportModel(changes, options, around);
    case "compile":
      return compile(around);
    case "parity":
      return parity(options, around);
    case "conformance":
      return conformanceCommand(options.folders!, around);
    case "data":
      // Only this command reads parquet.
      return (await import("./data_command.ts")).dataCommand(changes, options, around);
    case "judge":
      return judgeCommand(changes, options, around);
    case "benchmark":
      return (await import("./benchmark_command.ts")).benchmarkCommand(changes, options, around, withSession);
    case "logs":
      // Only this command writes parquet.
      return (await import("./logs_command.ts")).logsCommand(options, around);
    case "settings":
      return settingsCommand(changes, options, around);
    case "fuzz":
      // Only this command reads everything.
      return (await import("./fuzz_command.ts")).fuzzCommand(changes, options, around);
    case "serve":
      return serve(options, around);
  }
}

async function parity(
  { folders = [], images, text, tokenizer, plain = false }: Options,
  around: Surroundings,
): Promise<number> {
  const codes = [
    images === undefined ? exitCodes.done : await imagesCommand(images, around),
    text === undefined ? exitCodes.done : await textCommand(text, tokenizer, around),
    folders.length === 0 ? exitCodes.done : await parityCommand(folders, plain, around),
  ];
  return Math.max(...codes);
}

async function train(changes: Partial<RunConfig>, options: Options, around: Surroundings): Promise<number> {
  if (options.resume !== undefined) {
    const store = await resumeRunFolder(options.resume);
    try {
      const platform = await withGpu(around);
      const reopened = await reopenRun(store, changes, platform);
      const { config, files } = reopened;
      return await openAnd(platform, config, options, around, async (session) => {
        const resumedAt = files ? await session.restore(files) : 0;
        return trainInto(session, store, config, { resumedAt, ...reopened }, options, around);
      });
    } finally {
      await store.close();
    }
  }
  const wanted = resolveConfig(changes);
  if (options.dryRun) return dryRun(wanted, around);
  const folder = options.out ?? `runs/${wanted.preset}-${wanted.seed}`;
  // Looked at before the model is loaded, made only after: a run that cannot begin leaves nothing behind.
  await expectNewFolder(folder);
  const platform = await withGpu(around);
  const config = await atCommits(wanted, platform);
  return openAnd(platform, config, options, around, async (session) => {
    session.expectTrainable();
    const sources = await runSources(config, platform);
    const store = await createRunFolder(folder);
    try {
      await store.writeConfig(configText(config, sources));
      return await trainInto(session, store, config, { resumedAt: 0, sources }, options, around);
    } finally {
      await store.close();
    }
  });
}

async function trainInto(
  session: Session,
  store: Awaited<ReturnType<typeof createRunFolder>>,
  config: RunConfig,
  from: Pick<RecordOptions, "resumedAt" | "upcoming" | "metrics" | "notices" | "sources">,
  options: Options,
  around: Surroundings,
): Promise<number> {
  const { terminal, stopping } = around;
  const { saveEvery } = config;
  const signal = stopSignal(around);
  const codes = { done: exitCodes.done, stopped: exitCodes.interrupted, failed: exitCodes.failed };
  let code: number = exitCodes.done;
  for await (const event of recordRun(session, store, { ...from, saveEvery, stopping, signal })) {
    if (event.type === "end") code = codes[event.reason];
    const line = options.logJson ? JSON.stringify(event) : eventLine(event, config.steps);
    if (line !== null) terminal.print(line);
    else terminal.progress(progressLine(event) ?? "");
  }
  if (code === exitCodes.interrupted && !options.logJson)
    terminal.print(`Go on with: npm run saccade -- train --resume ${store.place}`);
  return code;
}

/** Ends the wait for a judge once the person asks to stop. */
function stopSignal({ untilStopped }: Surroundings): AbortSignal {
  const stop = new AbortController();
  untilStopped().then(() => stop.abort(new Error("Stopped before the end; nothing was changed")));
  return stop.signal;
}

async function warmup(changes: Partial<RunConfig>, options: Options, around: Surroundings): Promise<number> {
  if (options.resume !== undefined) {
    const store = await resumeRunFolder(options.resume);
    try {
      const platform = await withGpu(around);
      const { config, files, notices } = await reopenRun(store, changes, platform);
      if (!options.logJson) for (const notice of notices) around.terminal.print(`! ${notice}`);
      return await openAnd(platform, config, options, around, async (session) => {
        const made = files ? await session.restore(files) : 0;
        return warmupInto(session, store, options.resume!, config, made, options, around);
      });
    } finally {
      await store.close();
    }
  }
  // The steps follow from the rows: a checkpoint of any other number would belong to another warm start.
  const wanted = resolveConfig(changes);
  const config = {
    ...wanted,
    steps: stepsOf(stages(wanted.preset === "story" ? "story" : "needle", wanted.warmupRows)),
  };
  const folder = options.out ?? `runs/warmup-${config.preset}-${config.seed}`;
  await expectNewFolder(folder);
  return openAnd(await withGpu(around), config, options, around, async (session) => {
    const store = await createRunFolder(folder);
    try {
      await store.writeConfig(configText(config));
      return await warmupInto(session, store, folder, config, 0, options, around);
    } finally {
      await store.close();
    }
  });
}

/** Steps of a warm start between two checkpoints: they take a fraction of a second each. */
const warmupSaveEvery = 250;

async function warmupInto(
  session: Session,
  store: Awaited<ReturnType<typeof createRunFolder>>,
  folder: string,
  config: RunConfig,
  made: number,
  options: Options,
  around: Surroundings,
): Promise<number> {
  let step = made;
  let pending: string[] = [];
  const save = async () => {
    const { files } = await session.checkpoint();
    // Said before it is done: a log that names a checkpoint too many can be cut, one that lacks it cannot.
    await store.appendLog([...pending, JSON.stringify({ type: "checkpoint", step, path: store.place })]);
    pending = [];
    await store.writeCheckpoint(files);
  };
  for await (const event of session.warmup()) {
    pending.push(JSON.stringify(event));
    const line = options.logJson ? JSON.stringify(event) : eventLine(event, config.steps);
    if (line !== null) around.terminal.print(line);
    if (event.type !== "warmup") continue;
    step++;
    if (around.stopping()) {
      await save();
      if (!options.logJson)
        around.terminal.print(`Stopped after step ${step} of ${config.steps}; go on with --resume ${folder}`);
      return exitCodes.interrupted;
    }
    if (step % warmupSaveEvery === 0) await save();
  }
  await store.appendLog(pending);
  await writeNewFolder(`${folder}/model`, await session.exportFiles());
  if (!options.logJson) around.terminal.print(`The model is in ${folder}/model`);
  return exitCodes.done;
}

async function evaluate(
  session: Session,
  step: number,
  { asked }: Asked,
  options: Options,
  around: Surroundings,
): Promise<number> {
  const wanted = options.tasks ?? askedByDefault;
  const signal = stopSignal(around);
  const drawn = await session.evaluate({ tasks: wanted, greedy: false, signal });
  const greedy = await session.evaluate({ tasks: wanted, greedy: true, signal });
  if (options.logJson) {
    for (const [isGreedy, result] of [
      [false, drawn],
      [true, greedy],
    ] as const)
      around.terminal.print(JSON.stringify({ type: "eval", step, greedy: isGreedy, asked, ...result }));
    return exitCodes.done;
  }
  const { tasks, notes } = drawn;
  const what = tasks < wanted ? `${tasks} ${asked}, of ${wanted} asked for` : `${tasks} ${asked}`;
  for (const line of evaluationTable(drawn.metrics, greedy.metrics, tasks, what)) around.terminal.print(line);
  for (const note of notes) around.terminal.print(visible(note));
  return exitCodes.done;
}

async function rollout(session: Session, config: RunConfig, options: Options, around: Surroundings): Promise<number> {
  const wanted = {
    tasks: options.tasks ?? 1,
    rolloutsPerTask: config.rolloutsPerTask,
    greedy: options.greedy ?? false,
    signal: stopSignal(around),
  };
  let shown = 0;
  for await (const { task, rollouts } of session.roll(wanted)) {
    shown++;
    if (options.logJson) around.terminal.print(JSON.stringify({ task, rollouts }));
    else
      for (const line of rolloutLines(task, rollouts, (tokens) => session.texts(tokens))) around.terminal.print(line);
    if (around.stopping()) return exitCodes.interrupted;
  }
  if (shown < wanted.tasks && !options.logJson)
    around.terminal.print(`${shown} of ${wanted.tasks} tasks that were asked for: there are no more to show`);
  return exitCodes.done;
}

async function exportModel(changes: Partial<RunConfig>, options: Options, around: Surroundings): Promise<number> {
  await expectNewFolder(options.out!);
  return withSession(changes, options, around, async (session) => {
    await writeNewFolder(options.out!, await session.exportFiles());
    around.terminal.print(`The model is in ${options.out}`);
    return exitCodes.done;
  });
}

async function compile(around: Surroundings): Promise<number> {
  let failures = 0;
  for (const { name, gpu, missing } of await around.compilers()) {
    if (!gpu) {
      around.terminal.print(`${name}: ${missing}`);
      failures++;
      continue;
    }
    let count = 0;
    for await (const { label, error } of around.compileKernels(gpu)) {
      count++;
      if (error === null) continue;
      failures++;
      around.terminal.print(`${name}: ${label}: ${error}`);
    }
    around.terminal.print(`${name}: ${count} kernels`);
  }
  around.terminal.print(failures === 0 ? "All compile" : `${failures} failed`);
  return failures === 0 ? exitCodes.done : exitCodes.failed;
}

async function serve(options: Options, around: Surroundings): Promise<number> {
  const server = await serveFolder(around.dist, options.port ?? 8080).catch((error) => {
    if (error.code === "ENOENT")
      throw new Error(`Expected the built page in ${around.dist}, found no such folder; npm start builds it`);
    throw error;
  });
  around.terminal.print(`The page is at ${server.address}; Ctrl-C ends`);
  await around.untilStopped();
  await server.close();
  return exitCodes.done;
}

/** A session on the model of a run (`--from`) or of the configuration. A run's own knobs hold unless changed. */
async function withSession(
  changes: Partial<RunConfig>,
  options: Options,
  around: Surroundings,
  work: (session: Session, step: number, config: RunConfig) => Promise<number>,
): Promise<number> {
  const files = options.from === undefined ? null : await wholeCheckpoint(options.from);
  const config = resolveConfig({ ...(files ? readTrainerState(files).config : {}), ...changes });
  return openFrom(config, files, options, around, work);
}

/** The same for what asks tasks: only those that the model was not trained on. */
async function withAsked(
  changes: Partial<RunConfig>,
  options: Options,
  around: Surroundings,
  work: (session: Session, step: number, config: RunConfig, asked: Asked) => Promise<number>,
): Promise<number> {
  const files = options.from === undefined ? null : await wholeCheckpoint(options.from);
  const run = files ? { place: options.from!, config: readTrainerState(files).config } : null;
  const asked = askedTasks(run, changes, options.tasks ?? askedByDefault);
  return openFrom(asked.config, files, options, around, (session, step, config) => work(session, step, config, asked));
}

/** Opens the model of a configuration, with the weights of a checkpoint where there is one. */
async function openFrom(
  wanted: RunConfig,
  files: NamedBytes[] | null,
  options: Options,
  around: Surroundings,
  work: (session: Session, step: number, config: RunConfig) => Promise<number>,
): Promise<number> {
  const platform = await withGpu(around);
  if (options.from !== undefined) await checkRunSources(options.from, wanted, platform);
  const config = await atCommits(wanted, platform);
  return openAnd(platform, config, options, around, async (session) =>
    work(session, files ? await session.restore(files) : 0, config),
  );
}

/** The last checkpoint of a run, which may go on meanwhile; of a damaged one, the one before, and a word about it. */
async function wholeCheckpoint(folder: string): Promise<NamedBytes[]> {
  let damage: string | null = null;
  for (const files of await readRunCheckpoints(folder)) {
    const problem = await checkpointProblem(files);
    if (problem === null) {
      if (damage !== null)
        console.error(
          `The last checkpoint in ${folder} is damaged (${damage}); the one before, of step ${readTrainerState(files).step}, is taken`,
        );
      return files;
    }
    damage ??= problem;
  }
  throw new Error(`The checkpoint in ${folder} is damaged, and there is no whole one before it: ${damage}`);
}

/** @throws Error where what a run was made with, and is to be read now, is another. What flags name instead is their matter. */
async function checkRunSources(folder: string, config: RunConfig, platform: Platform): Promise<void> {
  const text = await readRunConfig(folder);
  if (text === null) return;
  const { config: stored, sources = [] } = readStored(text);
  await checkSources(
    config,
    sources.filter(({ knob }) => stored[knob] === config[knob]),
    platform,
  );
}

async function withGpu(around: Surroundings): Promise<Platform> {
  const platform = await around.openPlatform(true);
  if (!platform.gpu) throw new Error(platform.gpuMissing);
  return platform;
}

async function openAnd(
  platform: Platform,
  config: RunConfig,
  options: Options,
  around: Surroundings,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const session = await around.openSession(platform, config, {
    trace: options.trace ?? false,
    judgeAccess: {
      key: judgeKey,
      ...(options.judgeCache === undefined ? {} : { cache: verdictFolder(options.judgeCache) }),
    },
  });
  try {
    // Lines of JSON go to a program, which reads no sentences.
    if (!options.logJson) for (const sentence of session.notices) around.terminal.print(visible(sentence));
    const code = await work(session);
    const profile = session.profile();
    if (profile !== null) around.terminal.print(profile);
    return code;
  } finally {
    session.close();
  }
}
