import { Gpu } from "../../../gpu/gpu.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { counts, countsMarkdown, memoryCounts, memoryMarkdown } from "../../bench/counts.ts";
import { cycleCounts, cycleMarkdown } from "../../bench/cycle_counts.ts";
import { achieved, type BenchReport, benchMarkdown } from "../../bench/report.ts";
import { measureRoofline, type Roofline } from "../../bench/roofline.ts";
import { type Bench, type BenchGap, type BenchLine, measured, type Workload } from "../../bench/workload.ts";
import { chosenWorkloads } from "../../bench/workloads.ts";
import { Stopwatch } from "../../kernels/stopwatch.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { findTorch, peersOf } from "../gpu/torch_peers.ts";
import { runtimeText, versionText } from "../gpu/version.ts";
import { expectNewFile } from "../storage/new_file.ts";
import { withGpu } from "./open_session.ts";

/** No workload begins after so long. */
const secondsByDefault = 900;

/**
 * `bench [WORKLOAD...]`: times of our kernels and steps beside what the device does at most and what torch takes, in one
 * run on one machine. Returns the exit code: failed where a workload was.
 */
export async function benchCommand(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
): Promise<number> {
  const { terminal } = context;
  const chosen = chosenWorkloads(options.folders ?? []);
  await expectNewFiles(options);
  if (options.counts) {
    const [passes, memory] = [await counts(), await memoryCounts()];
    const cycle = await cycleCounts(await context.openPlatform(false));
    const report = { type: "counts", format: 2, version: await versionText(), passes, memory, cycle };
    const tables = [countsMarkdown(passes), memoryMarkdown(memory), cycleMarkdown(cycle)];
    await put(report, tables.flatMap((lines) => ["", ...lines]).slice(1), options, terminal);
    return exitCodes.done;
  }
  // Before anything is measured: what is wrong with a Python should not be reported after minutes.
  const torch = await findTorch(options.python);
  const report = await measure(chosen, changes.matrixUnits === "on", options, context);
  if (torch.python === null) report.notes.push(torch.missing);
  else if (!context.stopping()) await askPeers(report, chosen, torch.python, context);
  if (!options.trace) report.traces = [];
  await put(report, benchMarkdown(report), options, terminal);
  if (context.stopping()) return exitCodes.interrupted;
  const isWhole = report.lines.length > 0 && report.lines.every((line) => !("failed" in line));
  return isWhole ? exitCodes.done : exitCodes.failed;
}

/** Looked at before anything is measured: minutes of measuring should not end in a file that cannot be written. */
async function expectNewFiles({ json, markdown }: Options): Promise<void> {
  if (json !== undefined && json === markdown)
    throw new Error(`Expected two files, found ${json} for both --json and --markdown; name another for one of them`);
  for (const path of [json, markdown]) if (path !== undefined) await expectNewFile(path);
}

/** Prints a table, and writes the files that were asked for. */
async function put(
  report: object,
  table: readonly string[],
  { json, markdown }: Options,
  terminal: CommandContext["terminal"],
): Promise<void> {
  const lines = table.map(visible);
  for (const line of lines) terminal.print(line);
  if (json !== undefined) await Deno.writeTextFile(json, `${JSON.stringify(report, null, 1)}\n`);
  if (markdown !== undefined) await Deno.writeTextFile(markdown, `${lines.join("\n")}\n`);
}

async function measure(
  chosen: readonly Workload[],
  matrixUnits: boolean,
  options: Options,
  context: CommandContext,
): Promise<BenchReport> {
  const { terminal } = context;
  const platform = await withGpu(context);
  const seconds = options.seconds ?? secondsByDefault;
  const endMs = performance.now() + seconds * 1000;
  const isLate = () => context.stopping() || performance.now() > endMs;
  const isTuned = options.tune !== "off";
  const common = { platform, isLate, isTuned, matrixUnits };
  const report = await withBench(common, async (bench): Promise<BenchReport> => {
    const { gpu } = bench;
    const { vendor, architecture, device, description } = gpu.device.adapterInfo;
    // Some give numbers in place of names.
    const names = [vendor, architecture, device, description].filter((text) => /[a-z]/i.test(text ?? ""));
    return {
      type: "bench",
      format: 1,
      date: new Date().toISOString(),
      adapter: gpu.adapterName,
      driver: [...new Set(names)].join(", "),
      runtime: await runtimeText(platform.gpu),
      version: await versionText(),
      roofline: await measureRoofline(bench),
      lines: [],
      traces: [],
      peers: [],
      small: bench.isTiny,
      notes: [
        ...notesOf(gpu),
        ...(matrixUnits ? ["steps and rollouts on matrix units, factors of large products in f16"] : []),
      ],
    };
  });
  for (const workload of chosen) {
    if (isLate()) break;
    const lack = await workload.lacks?.(platform.gpu!);
    if (lack) {
      report.notes.push(lack);
      continue;
    }
    terminal.progress(`${workload.id}: ${workload.line}`);
    const addLine = (line: BenchLine | BenchGap) => {
      report.lines.push({ workload: workload.id, ...line });
      terminal.print(visible(`${workload.id.padEnd(3)}  ${line.id.padEnd(28)}  ${figuresOf(line, report.roofline)}`));
    };
    const problem = await measured(workload.id, () =>
      withBench(common, async (bench) => {
        for await (const line of workload.run(bench)) addLine(line);
        report.traces.push(...bench.traces);
      }),
    );
    if (problem) addLine(problem);
  }
  if (isLate() && !context.stopping())
    report.notes.push(`Ended after ${seconds} s, as --seconds says; what is missing was not measured`);
  terminal.print("");
  return report;
}

async function withBench<T>(
  { matrixUnits, ...common }: Pick<Bench, "platform" | "isLate" | "isTuned"> & { matrixUnits: boolean },
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  const gpu = await Gpu.open(common.platform.gpu, { matrixUnits });
  try {
    const result = await work({ ...common, gpu, watch: new Stopwatch(gpu), isTiny: gpu.software, traces: [] });
    gpu.check();
    return result;
  } finally {
    gpu.close();
  }
}

function figuresOf(line: BenchLine | BenchGap, roofline: Roofline): string {
  if ("failed" in line) return `failed: ${line.failed}`;
  const more = Object.entries(line.more ?? {}).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
  return [`${line.ms.toPrecision(4)} ms`, achieved(line, roofline).figure, ...more].filter((text) => text).join("  ");
}

function notesOf(gpu: Gpu): string[] {
  return [
    ...(gpu.software ? ["a software adapter: shapes are small, and times say nothing of a GPU"] : []),
    ...(gpu.canTime ? [] : ["the adapter has no timestamps: kernels are timed by the host's clock round a batch"]),
  ];
}

async function askPeers(
  report: BenchReport,
  chosen: readonly Workload[],
  python: string,
  { terminal, untilStopped }: CommandContext,
): Promise<void> {
  terminal.progress("torch: the same workloads");
  const ids = [...new Set(chosen.map(({ id }) => id))].filter((id) =>
    report.lines.some(({ workload }) => workload === id),
  );
  const lines = await peersOf(python, ids, untilStopped());
  report.peers = lines.filter((line) => (line.small ?? report.small) === report.small);
  if (report.peers.length < lines.length)
    report.notes.push("torch finds no CUDA card, so that its times, of small shapes on the processor, are left out");
  for (const { id, failed } of lines) if (failed !== undefined) report.notes.push(`torch, ${id}: ${failed}`);
}
