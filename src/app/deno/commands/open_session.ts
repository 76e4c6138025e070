import type { NamedBytes, Platform } from "../../../platform.ts";
import { hasAdapter } from "../../../train/adapter_settings.ts";
import { checkpointProblem } from "../../../train/checkpoint.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { isOwnCode } from "../../../train/own_code.ts";
import { readTrainerState } from "../../../train/trainer_state.ts";
import { atCommits } from "../../run/at_commits.ts";
import { readStored } from "../../run/record.ts";
import { checkSources } from "../../run/run_sources.ts";
import { loadingLine } from "../../session/loading_line.ts";
import type { RollingSession, Session } from "../../session/session.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { visible } from "../command_line/terminal.ts";
import { expectJudgeMeant } from "../storage/judge_of_file.ts";
import { expectNewFile } from "../storage/new_file.ts";
import { readRunCheckpoints, readRunConfig } from "../storage/run_folder.ts";
import { verdictFolder } from "../storage/verdict_folder.ts";
import { type Asked, askedByDefault, askedTasks } from "./asked_tasks.ts";
import { judgeKey } from "./judge_command.ts";
import { loadOwnCode } from "./own_code.ts";
import { changesElsewhere, policyElsewhere, useElsewhere } from "./policy_elsewhere.ts";
import { printWorldHint } from "./world_hint_line.ts";

/**
 * A session on the model of a run (`--from`) or of the configuration, for what takes no tasks of the run and pays nothing.
 * A run's own knobs hold unless changed.
 */
export async function withSession(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
  work: (session: Session, step: number, config: RunConfig) => Promise<number>,
): Promise<number> {
  const files = options.from === undefined ? null : await wholeCheckpoint(options.from);
  const config = resolveConfig({ ...(files ? readTrainerState(files).config : {}), ...changes });
  return openFrom({ config: withoutOwnCode(config), named: changes, files, options, context }, work);
}

/** The same for what only rolls: the model may be elsewhere. */
export async function withRolling(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
  work: (session: RollingSession, step: number, config: RunConfig) => Promise<number>,
): Promise<number> {
  const elsewhere = policyElsewhere(options, changes);
  if (!elsewhere) return withSession(changes, options, context, work);
  const config = withoutOwnCode(resolveConfig(changesElsewhere(changes)));
  return useElsewhere({ ...elsewhere, config, named: changes }, options, context, (session) =>
    work(session, 0, config),
  );
}

/** The same for what asks tasks: only those that the model was not trained on. */
export async function withAsked(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
  work: (session: RollingSession, step: number, config: RunConfig, asked: Asked) => Promise<number>,
): Promise<number> {
  const elsewhere = policyElsewhere(options, changes);
  if (elsewhere) {
    const asked = askedTasks(null, changesElsewhere(changes), options.tasks ?? askedByDefault);
    const { config } = asked;
    printWorldHint(config, options, context);
    return useElsewhere({ ...elsewhere, config, named: changes }, options, context, (session) =>
      work(session, 0, config, asked),
    );
  }
  const files = options.from === undefined ? null : await wholeCheckpoint(options.from);
  const run = files ? { place: options.from!, config: readTrainerState(files).config } : null;
  const asked = askedTasks(run, changes, options.tasks ?? askedByDefault);
  printWorldHint(asked.config, options, context);
  return openFrom({ config: asked.config, named: changes, files, options, context }, (session, step, config) =>
    work(session, step, config, asked),
  );
}

/** The same model beside scenes and a reward of our own. */
const withoutOwnCode = (config: RunConfig): RunConfig => ({
  ...config,
  data: isOwnCode(config.data) ? "" : config.data,
  reward: isOwnCode(config.reward) ? "weights" : config.reward,
  tools: config.tools
    .split(",")
    .filter((name) => !isOwnCode(name.trim()))
    .join(","),
});

/** Opens the model of a configuration, with the weights of a checkpoint where there is one. */
async function openFrom(
  { config: wanted, named, files, options, context }: Omit<Opening, "platform"> & { files: NamedBytes[] | null },
  work: (session: Session, step: number, config: RunConfig) => Promise<number>,
): Promise<number> {
  const platform = await withGpu(context);
  if (options.from !== undefined) {
    await expectJudgeMeant(options.from, wanted, named, Boolean(judgeKey()));
    await checkRunSources(options.from, wanted, platform);
  }
  const config = await atCommits(wanted, platform);
  // Weights that were trained are f32, whatever the file has that they began as.
  const isTrained = files !== null && !hasAdapter(config);
  const baseDtype = isTrained && config.baseDtype === "auto" ? "f32" : config.baseDtype;
  return useSession(
    { platform, config: { ...config, baseDtype }, named, options, context, frozen: true },
    async (session) => work(session, files ? await session.restore(files) : 0, config),
  );
}

/** The last checkpoint of a run, which may go on meanwhile; of a damaged one, the one before, and a word about it. */
export async function wholeCheckpoint(folder: string): Promise<NamedBytes[]> {
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
export async function checkRunSources(folder: string, config: RunConfig, platform: Platform): Promise<void> {
  const text = await readRunConfig(folder);
  if (text === null) return;
  const { config: stored, sources = [] } = readStored(text);
  await checkSources(
    config,
    sources.filter(({ knob }) => stored[knob] === config[knob]),
    platform,
  );
}

export async function withGpu(context: CommandContext): Promise<Platform> {
  const platform = await context.openPlatform(true);
  if (!platform.gpu) throw new Error(platform.gpuMissing);
  return platform;
}

/** What a session is opened with. */
interface Opening {
  platform: Platform;
  config: RunConfig;
  /** What the command line says of the run; code in the configuration runs only where it stands here as well. */
  named: Partial<RunConfig>;
  options: Options;
  context: CommandContext;
  /** Nothing will be trained. */
  frozen?: boolean;
}

/** Opens a session, works with it, prints its notices and profile, and closes it. Returns the exit code. */
export async function useSession(
  { platform, config, named, options, context, frozen = false }: Opening,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  if (options.chromeTrace !== undefined) await expectNewFile(options.chromeTrace);
  const session = await context.openSession(platform, config, {
    frozen,
    own: await loadOwnCode(config, named),
    trace: options.trace ?? false,
    timeline: options.chromeTrace !== undefined,
    tune: options.tune !== "off",
    judgeAccess: {
      key: judgeKey,
      ...(options.judgeCache === undefined ? {} : { cache: verdictFolder(options.judgeCache) }),
    },
    progress: (doneBytes, ofBytes) => context.terminal.progress(loadingLine(doneBytes, ofBytes)),
  });
  try {
    // Lines of JSON go to a program, which reads no sentences.
    if (!options.logJson) for (const sentence of session.notices) context.terminal.print(visible(sentence));
    const code = await work(session);
    await reportTrace(session, options, context);
    return code;
  } finally {
    session.close();
  }
}

/** Prints what was measured, and writes the timeline where that was asked for. */
async function reportTrace(session: Session, { chromeTrace }: Options, { terminal }: CommandContext): Promise<void> {
  const profile = session.profile();
  if (profile !== null) terminal.print(profile);
  const steps = await session.tracedSteps?.();
  if (!steps) return;
  terminal.print(steps.table ?? "Too few steps for times of a step: the first three are left out");
  if (chromeTrace === undefined) return;
  await Deno.writeTextFile(chromeTrace, JSON.stringify(steps.chrome));
  terminal.print(`The timeline is in ${chromeTrace}: open it in chrome://tracing or ui.perfetto.dev`);
}
