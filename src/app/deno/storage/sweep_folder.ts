import { checkKnob, resolveConfig } from "../../../train/config.ts";
import type { KnobName, RunConfig } from "../../../train/knobs.ts";
import { noSummary, type RunSummary, resultOf, withLines } from "../../run/run_summary.ts";
import { makeSweep, runsOf, type Sweep } from "../../sweep/sweep_plan.ts";
import type { SweepRun } from "../../sweep/sweep_table.ts";
import { kebab } from "../command_line/command_table.ts";
import { encode, exists, inWords, join, replaceFile } from "./durable_files.ts";
import { expectNewFolder } from "./run_folder.ts";

/*
 * One sweep in a folder:
 *   sweep.json           what all runs have, and the values of what differs
 *   001-bonus-none-seed-0/, ...   a run folder each, as `train` writes it
 *   runs.csv             a line for each run
 *   sweep.md             a row for each setting
 */
const planName = "sweep.json";

/** A new folder with the plan of a sweep. @throws Error where something stands there */
export async function createSweepFolder(folder: string, sweep: Sweep): Promise<void> {
  await expectNewFolder(folder);
  await inWords(folder, "create the folder of the sweep", () => Deno.mkdir(folder, { recursive: true }));
  await writeSweep(folder, sweep);
}

export const writeSweep = (folder: string, sweep: Sweep): Promise<void> =>
  inWords(folder, `write ${planName}`, () =>
    replaceFile(join(folder, planName), encode(`${JSON.stringify({ format: 1, ...sweep }, null, 2)}\n`)),
  );

/** The plan of a sweep that has begun. @throws Error where there is none, or where it is damaged */
export async function readSweep(folder: string): Promise<Sweep> {
  const path = join(folder, planName);
  if (!(await exists(path)))
    throw new Error(`Expected a sweep in ${folder}, found no ${planName}; begin one with --out ${folder}`);
  const text = await inWords(folder, `read ${planName}`, () => Deno.readTextFile(path));
  try {
    const { changes, axes } = JSON.parse(text) as { changes: Record<string, unknown>; axes: Sweep["axes"] };
    const checked = Object.entries(changes).map(([key, value]) => [key, checkKnob(key, value)]);
    const read = axes.map(({ knob, values }) => ({ knob, values: values.map((value) => checkKnob(knob, value)) }));
    return makeSweep(Object.fromEntries(checked), read);
  } catch (error) {
    throw new Error(
      `${path} is damaged (${(error as Error).message}); put a whole one back, or begin another sweep with --out`,
    );
  }
}

/** The folders of its runs, in the order of `runsOf`. */
export function runFolders(folder: string, sweep: Sweep): string[] {
  const runs = runsOf(sweep);
  const width = Math.max(3, String(runs.length).length);
  return runs.map((run, i) => {
    const words = sweep.axes.map(({ knob }) => `${kebab(knob)}-${String(run[knob as KnobName]) || "none"}`);
    const named = words.join("-").replace(/[^\w.-]+/g, "-");
    return join(folder, `${String(i + 1).padStart(width, "0")}-${named.slice(0, 80).replace(/\W+$/, "")}`);
  });
}

/** Where a run stands by what its folder holds. */
export async function standingOf(folder: string, run: Partial<RunConfig>): Promise<SweepRun> {
  const { steps } = resolveConfig(run);
  if (!(await exists(join(folder, "config.json"))))
    return { name: null, state: "waiting", step: 0, steps, result: null };
  const summary = await summaryOf(join(folder, "events.jsonl"));
  const { step, end } = summary;
  // A run whose last weights could not be written, or that died before, goes on from its checkpoint.
  const isDone = step >= steps && (await savedStepOf(folder)) >= steps;
  const state = isDone ? "done" : end === "failed" ? "failed" : "stopped";
  return { name: folder, state, step, steps, result: step > 0 ? resultOf(summary) : null };
}

/** After which step the last checkpoint of a run was written, 0 where there is none. */
async function savedStepOf(folder: string): Promise<number> {
  for (const name of ["checkpoint.whole", "checkpoint"]) {
    const state = await Deno.readTextFile(join(folder, `${name}/trainer_state.json`)).catch(() => null);
    if (state === null) continue;
    try {
      return Number(JSON.parse(state).step) || 0;
    } catch {
      // Who goes on with the run says what is wrong with it.
    }
  }
  return 0;
}

/** What a log says that a run reached. */
async function summaryOf(path: string): Promise<RunSummary> {
  if (!(await exists(path))) return noSummary;
  return inWords(path, "read the log", async () => {
    let summary = noSummary;
    let rest = "";
    const file = await Deno.open(path);
    for await (const piece of file.readable.pipeThrough(new TextDecoderStream())) {
      const text = rest + piece;
      const end = text.lastIndexOf("\n") + 1;
      summary = withLines(summary, text.slice(0, end));
      rest = text.slice(end);
    }
    return withLines(summary, rest);
  });
}
