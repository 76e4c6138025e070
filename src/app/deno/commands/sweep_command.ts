import { readAliases } from "../../../interop/aliases.ts";
import { resolveConfig } from "../../../train/config.ts";
import { knobs, type RunConfig } from "../../../train/knobs.ts";
import { sideBySide } from "../../sweep/side_by_side.ts";
import { makeSweep, readAxis, runsOf, type Sweep, type SweepAxis } from "../../sweep/sweep_plan.ts";
import { madeOn, measuredBy, type SweepRun, sweepColumns, sweepCsv, sweepRows } from "../../sweep/sweep_table.ts";
import type { Options, Request } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { kebab } from "../command_line/command_table.ts";
import { asked, exitCodes, Misused } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { encode, exists, inWords, join, replaceFile } from "../storage/durable_files.ts";
import { createSweepFolder, readSweep, runFolders, standingOf, writeSweep } from "../storage/sweep_folder.ts";
import { flagsOf, type TrainElsewhere, trainElsewhere } from "./train_process.ts";

/**
 * `sweep KNOB=VALUES...`: a run for every combination of values, after each other or beside each other, and a table of what
 * they reached. Returns the exit code.
 */
export async function sweepCommand(
  { changes, options, ofFile = {} }: Pick<Request, "changes" | "options" | "ofFile">,
  context: CommandContext,
  train: TrainElsewhere = trainElsewhere,
): Promise<number> {
  const words = options.folders ?? [];
  const { sweep, folder } =
    options.resume === undefined
      ? { sweep: asked(() => newSweep(words, changes, ofFile)), folder: options.out ?? (await freeFolder()) }
      : { sweep: await changedSweep(options.resume, changes, words), folder: options.resume };
  const { terminal, stopping } = context;
  const folders = runFolders(folder, sweep);
  const settings = runsOf(sweep);
  if (options.dryRun) {
    for (const [i, run] of settings.entries())
      terminal.print(visible(["npm run saccade -- train", ...flagsOf(run), "--out", folders[i]!].join(" ")));
    return exitCodes.done;
  }
  if (options.resume === undefined) await createSweepFolder(folder, sweep);
  else await writeSweep(folder, sweep);

  const runs = await Promise.all(settings.map((run, i) => standingOf(folders[i]!, run)));
  const waiting = runs.flatMap(({ state }, i) => (state === "done" ? [] : [i]));
  const beside = Math.min(options.beside ?? 1, Math.max(1, waiting.length));
  const order = beside === 1 ? "one after the other" : `${beside} beside each other`;
  terminal.print(
    visible(
      waiting.length === 0
        ? `All ${runs.length} runs in ${folder} are made`
        : `${waiting.length} of ${runs.length} runs to be made in ${folder}, ${order}`,
    ),
  );
  // Two runs that end together must not write one file at once.
  let writing: Promise<void> = Promise.resolve();
  const one = async (place: number): Promise<void> => {
    const i = waiting[place]!;
    const [run, own] = [settings[i]!, folders[i]!];
    const begun = await exists(join(own, "config.json"));
    const way = begun ? ["--resume", own, ...flagsOf(withoutSettled(changes))] : [...flagsOf(run), "--out", own];
    runs[i] = { ...runs[i]!, state: "running" };
    const startedMs = performance.now();
    const { code, problem } = await train(
      [...way, ...passedOn(options)],
      ({ step }) => {
        runs[i] = { ...runs[i]!, step };
        terminal.progress(progressLine(runs));
      },
      context,
    );
    const after = await standingOf(own, run);
    const failed = code !== exitCodes.done && after.state !== "done" && !stopping();
    runs[i] = failed ? { ...after, state: "failed", problem } : after;
    terminal.print(visible(endLine(runs, i, own, (performance.now() - startedMs) / 1000)));
    writing = writing.then(() => writeTables(folder, sweep, runs));
    await writing;
  };
  await sideBySide(waiting.length, beside, one, stopping);
  for (const line of tableLines(sweep, runs)) terminal.print(visible(line));
  await writeTables(folder, sweep, runs);
  const isWhole = runs.every(({ state }) => state === "done");
  terminal.print(
    visible(`A line for each run is in ${join(folder, "runs.csv")}, this table in ${join(folder, "sweep.md")}`),
  );
  if (!isWhole) terminal.print(visible(`Go on with: npm run saccade -- sweep --resume ${folder}`));
  return isWhole ? exitCodes.done : stopping() ? exitCodes.interrupted : exitCodes.failed;
}

/**
 * @param changes of the flags and of the file of --config, `ofFile` what the file alone says: a knob's values come before it
 * @throws Error in one sentence, also for a knob that has both a flag and values
 */
function newSweep(words: readonly string[], changes: Partial<RunConfig>, ofFile: Partial<RunConfig>): Sweep {
  const axes = axesOf(words, changes);
  if (Object.keys(ofFile).length > 0 && axes.some(({ knob }) => knob === "preset"))
    throw new Error(
      "The file of --config says all settings, so that preset= would change nothing; leave one of them out",
    );
  const twice = axes.find(({ knob }) => changes[knob] !== undefined && ofFile[knob] === undefined);
  if (twice)
    throw new Error(
      `--${kebab(twice.knob)} is what the runs differ in; leave it out, or put its value among those of ${twice.knob}=`,
    );
  return makeSweep(withoutPreset(changes, ofFile), axes);
}

/** A run's config.json says every setting: those that are the preset's anyway are left out. */
function withoutPreset(changes: Partial<RunConfig>, ofFile: Partial<RunConfig>): Partial<RunConfig> {
  const preset = resolveConfig({ preset: ofFile.preset });
  const says = (key: keyof RunConfig): boolean =>
    // A judge's address alone would choose a judge.
    ofFile[key] === undefined ||
    ofFile[key] !== preset[key] ||
    key === "preset" ||
    (key === "judge" && Boolean(changes.judgeUrl));
  return Object.fromEntries(Object.entries(changes).filter(([key]) => says(key as keyof RunConfig)));
}

/** "learning-rate=1e-4,3e-4", also by another trainer's name. @throws Error in one sentence */
function axesOf(words: readonly string[], changes: Partial<RunConfig>): SweepAxis[] {
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 1) throw new Error(`Expected a knob and its values, such as seed=0..2, found "${word}"`);
    const [name, values] = [word.slice(0, equals), word.slice(equals + 1)];
    if (!/[._]/.test(name)) return readAxis(name, values);
    const read = values.split(",").map((value) => {
      const { changes: found, refused } = readAliases([{ name, value }], resolveConfig(changes));
      const keys = Object.keys(found) as (keyof RunConfig)[];
      if (refused.length > 0) throw new Error(refused.join("\n"));
      if (value.trim() === "") throw new Error(`${name} needs values, such as ${name}=2,4, found none`);
      if (keys.length !== 1)
        throw new Error(`${name} sets ${keys.length} knobs; vary one of ours: see saccade train --help`);
      return { knob: keys[0]!, value: found[keys[0]!]! };
    });
    return readAxis(read[0]!.knob, read.map(({ value }) => String(value)).join("|"));
  });
}

/** The plan of a sweep that goes on, with what may change in a run that has begun. */
async function changedSweep(folder: string, changes: Partial<RunConfig>, words: readonly string[]): Promise<Sweep> {
  if (words.length > 0)
    throw new Misused(
      `A sweep goes on with the values that it has; leave out ${words.join(" ")}, or begin another with --out`,
    );
  const sweep = await readSweep(folder);
  for (const key of Object.keys(changes) as (keyof RunConfig)[]) {
    if (sweep.axes.some(({ knob }) => knob === key))
      throw new Error(`--${kebab(key)} is what the runs of ${folder} differ in; leave it out`);
    if (knobs[key].applies === "new run" && changes[key] !== sweep.changes[key])
      throw new Error(`--${kebab(key)} cannot change in runs that have begun; leave it out, or begin another sweep`);
  }
  return makeSweep({ ...sweep.changes, ...changes }, sweep.axes);
}

/** What differs of a run that goes on: the rest stands in its folder. */
const withoutSettled = (changes: Partial<RunConfig>): Partial<RunConfig> =>
  Object.fromEntries(Object.entries(changes).filter(([key]) => knobs[key as keyof RunConfig].applies === "next step"));

const passedOn = ({ judgeCache, tune }: Options): string[] => [
  ...(judgeCache === undefined ? [] : ["--judge-cache", judgeCache]),
  ...(tune === undefined ? [] : ["--tune", tune]),
];

/** runs/sweep, or with a number behind it. */
async function freeFolder(): Promise<string> {
  for (let i = 1; ; i++) {
    const folder = i === 1 ? "runs/sweep" : `runs/sweep-${i}`;
    if (!(await exists(folder))) return folder;
  }
}

function progressLine(runs: readonly SweepRun[]): string {
  const done = runs.filter(({ state }) => state === "done").length;
  const underWay = runs.filter(({ state }) => state === "running").map(({ step, steps }) => `step ${step}/${steps}`);
  return `  ${done} of ${runs.length} runs done; ${underWay.join(", ")}`;
}

function endLine(runs: readonly SweepRun[], i: number, folder: string, seconds: number): string {
  const { state, step, result, problem } = runs[i]!;
  const number = (value: number | null) => (value === null ? "–" : value.toFixed(3));
  const reached = result ? `, accuracy ${number(result.accuracy)}, zoom rate ${number(result.zoomRate)}` : "";
  return `[${i + 1}/${runs.length}] ${folder}: ${state} after step ${step}${reached} (${seconds.toFixed(1)} s)${problem ? `: ${problem}` : ""}`;
}

/** Head and cells of the summary: a row for each setting. */
function cells(sweep: Sweep, runs: readonly SweepRun[]): string[][] {
  const rows = sweepRows(sweep, runs);
  const columns = sweepColumns(rows);
  return [
    ["setting", "runs", ...columns.map(({ label }) => label)],
    ...rows.map((row) => [
      row.setting || `preset ${sweep.changes.preset ?? "needle"}`,
      row.done === row.runs.length ? String(row.done) : `${row.done} of ${row.runs.length}`,
      ...columns.map(({ cell }) => cell(row)),
    ]),
  ];
}

function tableLines(sweep: Sweep, runs: readonly SweepRun[]): string[] {
  const rows = cells(sweep, runs);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join("  "),
  );
  return ["", ...lines, footnote(runs), ""];
}

const footnote = (runs: readonly SweepRun[]): string =>
  ["mean ± standard deviation between seeds", measuredBy(runs), madeOn(runs)].filter((text) => text !== "").join("; ");

async function writeTables(folder: string, sweep: Sweep, runs: readonly SweepRun[]): Promise<void> {
  const row = (line: readonly string[]) => `| ${line.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const [header, ...rows] = cells(sweep, runs) as [string[], ...string[][]];
  const table = [row(header), row(header.map(() => "---")), ...rows.map(row)];
  await inWords(folder, "write the tables", async () => {
    await replaceFile(join(folder, "runs.csv"), encode(sweepCsv(sweep, runs)));
    await replaceFile(join(folder, "sweep.md"), encode(`${[...table, "", footnote(runs)].join("\n")}\n`));
  });
}
