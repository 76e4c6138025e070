import { quoted } from "../../../interop/shell/quoted.ts";
import type { Platform } from "../../../platform.ts";
import { openJudge, rulesJudge } from "../../../reward/judges/remote_judge.ts";
import type { Benchmark, BenchmarkDefinition, FolderFiles, OptionOrder } from "../../../tasks/benchmarks/benchmark.ts";
import { benchmarks, findBenchmark } from "../../../tasks/benchmarks/table.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import {
  type BenchmarkResult,
  type Control,
  controls,
  type Item,
  type LeftOut,
  runBenchmark,
} from "../../benchmarks/benchmark.ts";
import { choiceItems, needleItems } from "../../benchmarks/benchmark_items.ts";
import { benchmarkRows, type ReportHead, reportLines } from "../../benchmarks/benchmark_report.ts";
import { pathsIn } from "../../data/data_paths.ts";
import { judgeSettingsOf } from "../../judge/judge_settings.ts";
import type { RollingSession } from "../../session/session.ts";
import type { Options } from "../command_line/arguments.ts";
import { type CommandContext, stopSignal } from "../command_line/command_context.ts";
import { kebab } from "../command_line/command_table.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { expectNewFolder } from "../storage/run_folder.ts";
import { verdictFolder } from "../storage/verdict_folder.ts";
import { judgeKey } from "./judge_command.ts";
import { untilAborted } from "./until_aborted.ts";

/** Opens a session on the model of a run or of the configuration, and closes it (commands.ts). */
export type WithSession = (
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
  work: (session: RollingSession, step: number, config: RunConfig) => Promise<number>,
) => Promise<number>;

/** What DeepEyes' evaluations allow, and our own tool, which crops what the model meant. */
const protocol: Partial<RunConfig> = {
  preset: "deepeyes-7b",
  tool: "saccade",
  // 11 generations.
  maxToolCalls: 10,
};

/** Pictures of 8K are kept as they are: crops come from the original. */
const keptWhole: Partial<RunConfig> = { maxSourcePixels: 100_000_000 };

const needleControls: readonly Control[] = ["none", "no-tool", "blank-crop", "shuffled-crop"];
/** Scenes asked unless a limit is given. */
const scenesByDefault = 256;

interface Prepared {
  head: Pick<ReportHead, "name" | "place" | "order" | "notes">;
  items(config: RunConfig, session: RollingSession): Promise<Item[]>;
  controls: readonly Control[];
  sampled: number;
  meanOfCategories: boolean;
  /** What is changed of the run's configuration. */
  changes: Partial<RunConfig>;
}

/** `benchmark vstar|hrbench PATH` and `benchmark needle`. Returns the exit code. @throws Error with a sentence for people */
export async function benchmarkCommand(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
  withSession: WithSession,
): Promise<number> {
  const { terminal, stopping } = context;
  const { out, logJson = false } = options;
  if (out !== undefined) await expectNewFolder(out);
  const prepared = await prepare(changes, options, context);
  return withSession(prepared.changes, options, context, async (session, _, config) => {
    const items = await prepared.items(config, session);
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
        `Expected something to ask in ${prepared.head.place}, found nothing${leftOut[0] ? `: ${leftOut[0].why}` : ""}`,
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
      judge: judgeOf(changes),
      notes: [
        ...prepared.head.notes,
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

async function prepare(changes: Partial<RunConfig>, options: Options, context: CommandContext): Promise<Prepared> {
  const [name, ...paths] = options.folders!;
  if (name === "needle") {
    if (paths.length > 0) throw new Error(`saccade benchmark needle takes flags only, found "${paths[0]}"`);
    if (options.options !== undefined || options.control === "as-given")
      throw new Error("The needle has no options to order; leave --options and --control as-given out");
    if (judgeOf(changes) !== "rules")
      throw new Error("Scenes of the needle are judged by their one spelling; leave --judge and --judge-url out");
    return {
      head: { name: "Needle", place: "held-out scenes", order: null, notes: [] },
      items: (config) => needleItems(config, options.limit ?? scenesByDefault),
      controls: chosen(options.control ?? "all", needleControls),
      sampled: options.avgAt ?? 1,
      meanOfCategories: false,
      // Scenes are judged by their one spelling.
      changes: { ...changes, data: "", judge: "rules" },
    };
  }
  const definition = findBenchmark(name ?? "");
  if (!definition)
    throw new Error(
      `Expected ${benchmarks.map((one) => `benchmark ${one.name} PATH`).join(", ")} or benchmark needle, found "${name}"`,
    );
  const [path] = paths.flatMap(pathsIn);
  if (path === undefined || paths.length > 1)
    throw new Error(
      `saccade benchmark ${name} needs one folder, file, address or data set such as ${definition.example}, found ${paths.length}`,
    );
  const isOwn = changes.preset === undefined && options.from === undefined;
  if (isOwn && changes.model === undefined && options.policyUrl === undefined && options.policyOnnx === undefined)
    throw new Error(
      `saccade benchmark ${name} needs --model (a folder with a checkpoint, or owner/name@revision), --policy-url (a server) or --from a run; the shipped models read digits only`,
    );
  const judge = judgeOf(changes);
  if (judge !== "rules" && !changes.judgeUrl)
    throw new Error(`The judge ${judge} needs --judge-url, such as http://127.0.0.1:18901/v1`);
  const platform = await context.openPlatform(false);
  const address = platform.addressOf(onDisk(path));
  if (address !== null && !options.logJson) context.terminal.print(visible(`Reading from ${address}`));
  const benchmark = await openBenchmark(definition, onDisk(path), platform, options.limit);
  const order: OptionOrder = options.options ?? "shuffled";
  const part = benchmark.questions.length < benchmark.all;
  return {
    head: {
      name: benchmark.name,
      place: path,
      order,
      notes: [
        ...benchmark.notes,
        ...(part
          ? [`Only ${benchmark.questions.length} of ${benchmark.all} questions, spread over the categories`]
          : []),
      ],
    },
    items: async (config, session) =>
      choiceItems(benchmark.questions, {
        order,
        seed: config.seed,
        budget: {
          limits: session.model.view ?? { factor: 28, minPixels: 3_136, maxPixels: 12_845_056 },
          maxSourcePixels: config.maxSourcePixels,
          memoryBytes: config.pictureMemory * 2 ** 20,
        },
        // By the knobs that were given: the session's own judge is not asked.
        judge:
          judge === "rules"
            ? rulesJudge()
            : openJudge(
                judgeSettingsOf(resolveConfig({ ...changes, judge }), judge, judgeKey()),
                options.judgeCache === undefined ? {} : { cache: verdictFolder(options.judgeCache) },
              ),
      }),
    controls: chosen(options.control ?? "none", controls),
    sampled: options.avgAt ?? 0,
    meanOfCategories: definition.meanOfCategories,
    changes: {
      ...(isOwn ? protocol : {}),
      ...keptWhole,
      ...changes,
      data: "",
      judge: "rules",
      reward: "weights",
    },
  };
}

const chosen = (control: Control | "all", all: readonly Control[]): readonly Control[] =>
  control === "all" ? all : [control];

/** Who decides where no rule does; who names a server wants it asked. */
const judgeOf = ({ judge, judgeUrl }: Partial<RunConfig>): RunConfig["judge"] =>
  judge ?? (judgeUrl ? "hardened" : "rules");

async function openBenchmark(
  { open }: BenchmarkDefinition,
  path: string,
  platform: Platform,
  limit: number | undefined,
): Promise<Benchmark> {
  const isFile = /\.(parquet|tsv|jsonl)(\?.*)?$/i.test(path);
  const cut = path.replace(/\?.*$/, "").lastIndexOf("/");
  const folder = isFile ? path.slice(0, cut) : path.replace(/\/$/, "");
  const files = folderFiles(folder, platform);
  return open(isFile ? { ...files, list: async () => [path.slice(cut + 1)] } : files, limit);
}

const folderFiles = (folder: string, platform: Platform): FolderFiles => ({
  name: folder,
  list: () => platform.list(folder),
  sizeBytes: (path) => platform.assetSize(`${folder}/${path}`),
  read: async (path, startByte, endByte) =>
    (await platform.readAsset(`${folder}/${path}`, startByte, endByte)) as Uint8Array<ArrayBuffer>,
});

/** On disk, even where a shipped variant has the same name. */
const onDisk = (path: string): string => (/^([./\\]|[a-zA-Z][a-zA-Z0-9+.-]*:)/.test(path) ? path : `./${path}`);

/** The command line anew, from what was understood of it. */
function commandOf(options: Options, changes: Partial<RunConfig>): string {
  const { folders, from, judgeCache, options: order, avgAt, limit, control, out } = options;
  const { policyUrl, policyModel, policyKeyEnv, policyFamily, policyTools, policyOnnx, onnxDtype, onnxDevice } =
    options;
  const server = { policyUrl, policyModel, policyKeyEnv, policyFamily, policyTools };
  const elsewhere = { ...server, policyOnnx, onnxDtype, onnxDevice };
  const flags = { ...changes, ...elsewhere, from, options: order, control, avgAt, limit, judgeCache, out };
  const words = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${kebab(name)}`, quoted(String(value))],
  );
  return ["npm run saccade -- benchmark", ...folders!.map(quoted), ...words].join(" ");
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
