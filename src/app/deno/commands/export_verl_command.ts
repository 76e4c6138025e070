import type { Task } from "../../../tasks/task.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { readTrainerState } from "../../../train/trainer_state.ts";
import { shippedModels } from "../../model_folder/shipped_models.ts";
import { atCommits } from "../../run/at_commits.ts";
import { exportedFiles, type GivenGroup } from "../../verl_export/exported_files.ts";
import { lastGroups } from "../../verl_export/logged_groups.ts";
import { type OpenedExport, openExport } from "../../verl_export/opened_export.ts";
import { scenesToRender, tasksOf } from "../../verl_export/rows_of_source.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes, Misused } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { writePiecewise } from "../storage/piecewise_folder.ts";
import { expectNewFolder } from "../storage/run_folder.ts";
import { checkRunSources, useSession, wholeCheckpoint } from "./open_session.ts";
import { openLog } from "./opened_log.ts";
import { loadOwnCode } from "./own_code.ts";
import { checkVerlExport } from "./verl_check.ts";

/** Tasks that the model is asked about at the export, and rollouts of each. */
const modelTasks = 2;
const mostRollouts = 4;

/**
 * `export verl --out DIR`: a run, or a configuration that was not trained, as a folder that verl 0.9.1 trains on; with
 * `--check DIR` such a folder is played through verl. Returns the exit code.
 */
export async function exportVerlCommand(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
): Promise<number> {
  const { out, check, from } = options;
  if (check !== undefined) {
    if (out !== undefined) throw new Misused("--out writes an export and --check looks at one; leave one of them out");
    return checkVerlExport(check, options.python, context);
  }
  if (out === undefined)
    throw new Misused("saccade export verl needs --out, a new folder, or --check with the folder of an export");
  await expectNewFolder(out);
  const { terminal } = context;
  const checkpoint = from === undefined ? null : await wholeCheckpoint(from);
  const wanted = resolveConfig({ ...(checkpoint ? readTrainerState(checkpoint).config : {}), ...changes });
  const platform = await context.openPlatform(false);
  if (from !== undefined) await checkRunSources(from, wanted, platform);
  const own = await loadOwnCode({ data: wanted.data, reward: "weights", tools: "" }, changes);
  // The data set of the Hub that is read is the one whose rows are written.
  const config = await atCommits(wanted, platform).catch(() => wanted);
  const opened = await openExport(config, platform, { tokenizerFolder: options.tokenizer, tasks: own.tasks });
  const groups = from === undefined ? await modelGroups(opened, options, context) : await loggedGroups(from);
  const scenes = scenesToRender(opened, options.rows);
  if (scenes !== null && options.rows === undefined)
    terminal.print(
      `Rendering the ${scenes} scenes of the run's ${config.steps} steps; --rows N writes the first N of them`,
    );
  const files = exportedFiles(opened, {
    checkpoint,
    groups,
    ...(options.rows === undefined ? {} : { rows: options.rows }),
    progress: (split, rows) =>
      terminal.progress(
        split === "train"
          ? `rows to train on: ${rows}${scenes === null ? "" : ` of ${scenes}`}`
          : `held-out rows: ${rows}`,
      ),
  });
  if (!(await writePiecewise(out, files, context.stopping))) return exitCodes.interrupted;
  for (const sentence of opened.notes) terminal.print(visible(sentence));
  terminal.print(
    `The run is in ${out} for verl 0.9.1: README.md says what is there. To compare it with verl: saccade export verl --check ${out}`,
  );
  return exitCodes.done;
}

/** Groups of the last step of a run's log. */
async function loggedGroups(folder: string): Promise<GivenGroup[]> {
  const { steps } = await openLog(folder, null);
  return lastGroups(steps());
}

/** Rollouts of a shipped model, where there is a device; other models are known by scripted turns alone. */
async function modelGroups(opened: OpenedExport, options: Options, context: CommandContext): Promise<GivenGroup[]> {
  const { config, source, notes } = opened;
  if (!shippedModels.has(config.model)) return [];
  const platform = await context.openPlatform(true);
  if (!platform.gpu) {
    notes.push(`The model wrote no rollouts for the check: ${platform.gpuMissing}`);
    return [];
  }
  const tasks: Task[] = [];
  for await (const task of tasksOf(opened, "train", modelTasks)) tasks.push(task);
  const groups: GivenGroup[] = [];
  const quiet = { ...options, trace: false, chromeTrace: undefined, logJson: true };
  const rollouts = Math.min(config.rolloutsPerTask, mostRollouts);
  const own = { config: { ...config, judge: "rules" as const, judgeUrl: "", data: "" }, named: {} };
  await useSession({ platform, ...own, options: quiet, context, frozen: true }, async (session) => {
    const rolling = session.rollTasks(tasks, { source, rolloutsPerTask: rollouts, greedy: false, step: 0 });
    for await (const { task, rollouts } of rolling) groups.push({ set: "model", task, rollouts, together: tasks });
    return exitCodes.done;
  });
  return groups;
}
