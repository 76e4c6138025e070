import { quoted } from "../../../interop/shell/quoted.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { type BenchmarkResult, type LeftOut, runBenchmark } from "../../benchmarks/benchmark.ts";
import { benchmarkRows, type ReportHead, reportLines } from "../../benchmarks/benchmark_report.ts";
import type { RollingSession } from "../../session/session.ts";
import type { Options } from "../command_line/arguments.ts";
import { type CommandContext, stopSignal } from "../command_line/command_context.ts";
import { kebab } from "../command_line/command_table.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { expectNewFolder } from "../storage/run_folder.ts";
import { prepareBenchmark } from "./prepared_benchmark.ts";
import { untilAborted } from "./until_aborted.ts";

/** Opens a session on the model of a run or of the configuration, and closes it (commands.ts). */
export type WithSession = (
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
  work: (session: RollingSession, step: number, config: RunConfig) => Promise<number>,
) => Promise<number>;

/** `benchmark vstar|hrbench PATH`, `benchmark WORLD,...` and `benchmark own PATH`. Returns the exit code. @throws Error with a sentence for people */
export async function benchmarkCommand(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
  withSession: WithSession,
): Promise<number> {
  const { terminal, stopping } = context;
  const { out, logJson = false } = options;
  if (out !== undefined) await expectNewFolder(out);
  const prepared = await prepareBenchmark(changes, options, context);
  return withSession(prepared.changes, options, context, async (session, _, config) => {
    const { items, setNotes = {}, notes: foundNotes = [] } = await prepared.open(config, session);
    const results: BenchmarkResult[] = [];
    const leftOut: LeftOut[] = [];
    // Made with the first result: what cannot begin leaves nothing behind.
    let file: Awaited<ReturnType<typeof resultsFile>> | null = null;
    let stopped = false;
    try {
      const { controls: asked, sampled } = prepared;
      const running = runBenchmark(session, items, { config, controls: asked, sampled });
      for await (const result of untilAborted(running, stopSignal(context))) {
        const line = JSON.stringify(result);
        if (out !== undefined) file ??= await resultsFile(out);
        await file?.write(`${line}\n`);
        if (logJson) terminal.print(line);
        if (result.type === "left-out") leftOut.push(result);
        else {
          results.push(result);
          const done = new Set(results.map(({ item }) => item)).size;
          terminal.progress(`${done} of ${items.length} items, ${results.length} rollouts; ${result.control}`);
        }
        if (stopping()) break;
      }
      stopped = stopping();
    } finally {
      file?.close();
    }
    if (results.length === 0 && stopped) return exitCodes.interrupted;
    if (results.length === 0)
      throw new Error(
        `Expected something to ask in ${prepared.head.place}, found nothing${leftOut[0] ? `: ${leftOut[0].why}` : foundNotes.length > 0 ? `: ${foundNotes.join("; ")}` : ""}`,
      );
    const head: ReportHead = {
      ...prepared.head,
      command: commandOf(options, changes),
      model:
        options.policyUrl !== undefined
          ? `${session.model.name}, on a server`
          : options.policyOnnx !== undefined
            ? `${session.model.name}, as ONNX graphs`
            : options.from === undefined
              ? config.model
              : `${config.model}, trained in ${options.from}`,
      adapter: session.adapter,
      seed: config.seed,
      sampled: prepared.sampled,
      temperature: config.temperature,
      prompt: config.prompt,
      tool: config.tool,
      judge: prepared.judge,
      setNotes,
      notes: [
        ...prepared.head.notes,
        ...foundNotes,
        ...(stopped
          ? [`Stopped before the end: ${new Set(results.map(({ item }) => item)).size} of ${items.length} items`]
          : []),
      ],
    };
    const settings = { order: head.order ?? "as-given", meanOfCategories: prepared.meanOfCategories } as const;
    const rows = benchmarkRows(results, settings);
    const report = reportLines(head, rows, leftOut, settings).map(visible);
    if (out !== undefined) await Deno.writeTextFile(`${out}/table.md`, `${report.join("\n")}\n`);
    if (logJson) terminal.print(JSON.stringify({ type: "table", ...head, rows }));
    else for (const line of report) terminal.print(line);
    if (out !== undefined && !logJson) terminal.print(`In ${out}: table.md and results.jsonl`);
    return stopped ? exitCodes.interrupted : exitCodes.done;
  });
}

/** The command line anew, from what was understood of it. */
function commandOf(options: Options, changes: Partial<RunConfig>): string {
  const { folders = [], from, judgeCache, options: order, avgAt, limit, control, out } = options;
  const { policyUrl, policyModel, policyKeyEnv, policyFamily, policyTools, policyOnnx, onnxDtype, onnxDevice } =
    options;
  const server = { policyUrl, policyModel, policyKeyEnv, policyFamily, policyTools };
  const elsewhere = { ...server, policyOnnx, onnxDtype, onnxDevice };
  const flags = { ...changes, ...elsewhere, from, options: order, control, avgAt, limit, judgeCache, out };
  const words = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${kebab(name)}`, quoted(String(value))],
  );
  return ["npm run saccade -- benchmark", ...folders.map(quoted), ...words].join(" ");
}

/** results.jsonl in a new folder: a line is on its way to the disk as soon as it is known. */
async function resultsFile(folder: string): Promise<{ write(text: string): Promise<void>; close(): void }> {
  await Deno.mkdir(folder, { recursive: true });
  const file = await Deno.open(`${folder}/results.jsonl`, { write: true, createNew: true });
  const encoder = new TextEncoder();
  return {
    async write(text) {
      for (let bytes = encoder.encode(text); bytes.length > 0; ) bytes = bytes.subarray(await file.write(bytes));
    },
    close: () => file.close(),
  };
}
