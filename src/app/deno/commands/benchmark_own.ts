import type { RunConfig } from "../../../train/knobs.ts";
import { isOwnCode } from "../../../train/own_code.ts";
import { readTrainerState } from "../../../train/trainer_state.ts";
import { ownItems } from "../../benchmarks/own_items.ts";
import { openRunTasks } from "../../data/run_tasks.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { askedTasks } from "./asked_tasks.ts";
import {
  askedWith,
  chosenControls,
  expectJudgeAddress,
  judgeOf,
  ownName,
  type Prepared,
  sceneControls,
} from "./benchmark_setup.ts";
import { wholeCheckpoint } from "./open_session.ts";

/** Rows asked unless a limit is given. */
const rowsByDefault = 256;

/** `benchmark own PATH` and `benchmark own --data PATH`: a person's own tasks, with the controls. @throws Error with one sentence */
export async function prepareOwn(
  changes: Partial<RunConfig>,
  paths: readonly string[],
  options: Options,
  context: CommandContext,
): Promise<Prepared> {
  if (paths.length > 0 && changes.data !== undefined && options.config === undefined)
    throw new Error(`The tasks are named twice, by ${paths[0]} and by --data; leave one of them out`);
  const data = paths.length > 0 ? paths.join(",") : (changes.data ?? "");
  if (data === "")
    throw new Error(
      `saccade benchmark ${ownName} needs tasks: a JSON Lines, CSV or parquet file, a folder of them, an address or a data set, as in saccade benchmark ${ownName} photos/questions.jsonl`,
    );
  if (isOwnCode(data))
    throw new Error(
      `saccade benchmark ${ownName} reads files, found the module ${data}; saccade eval --tasks asks what a module makes`,
    );
  if (options.options !== undefined || options.control === "as-given")
    throw new Error("Rows of a file have no options to order; leave --options and --control as-given out");
  expectJudgeAddress(changes);
  const { changes: protocol, notes } = askedWith(ownName, changes, options);
  const run =
    options.from === undefined
      ? null
      : { place: options.from, config: readTrainerState(await wholeCheckpoint(options.from)).config };
  const wanted: Partial<RunConfig> = {
    ...protocol,
    ...changes,
    data,
    judge: judgeOf(changes),
    reward: "weights",
    charts: true,
  };
  const limit = options.limit ?? rowsByDefault;
  const { config: asking, asked } = askedTasks(run, wanted, limit);
  const platform = await context.openPlatform(false);
  return {
    head: { name: "Own tasks", place: `${asked} of ${data}`, order: null, notes },
    open: async (config, session) => {
      const view = session.model.view ?? { factor: 28, minPixels: 3_136, maxPixels: 12_845_056 };
      const source = await openRunTasks(config, platform, view);
      const items = ownItems(await source.heldOut(limit), source);
      return { items, notes: source.heldOutNotes?.() ?? [] };
    },
    controls: chosenControls(options.control ?? "all", sceneControls),
    sampled: options.avgAt ?? 1,
    meanOfCategories: false,
    judge: judgeOf(changes),
    changes: { ...wanted, heldOutRows: asking.heldOutRows },
  };
}
