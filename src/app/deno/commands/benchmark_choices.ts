import type { Platform } from "../../../platform.ts";
import { openJudge, rulesJudge } from "../../../reward/judges/remote_judge.ts";
import type { Benchmark, BenchmarkDefinition, FolderFiles, OptionOrder } from "../../../tasks/benchmarks/benchmark.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { controls } from "../../benchmarks/benchmark.ts";
import { choiceItems } from "../../benchmarks/choice_items.ts";
import { pathsIn } from "../../data/data_paths.ts";
import { judgeSettingsOf } from "../../judge/judge_settings.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { visible } from "../command_line/terminal.ts";
import { verdictFolder } from "../storage/verdict_folder.ts";
import { askedWith, chosenControls, expectJudgeAddress, judgeOf, type Prepared } from "./benchmark_setup.ts";
import { judgeKey } from "./judge_command.ts";

/** Pictures of 8K are kept as they are: crops come from the original. */
const keptWhole: Partial<RunConfig> = { maxSourcePixels: 100_000_000 };

/** `benchmark vstar|hrbench PATH`: multiple choices about photographs. @throws Error with one sentence */
export async function prepareChoices(
  definition: BenchmarkDefinition,
  changes: Partial<RunConfig>,
  paths: readonly string[],
  options: Options,
  context: CommandContext,
): Promise<Prepared> {
  const { name } = definition;
  const [path] = paths.flatMap(pathsIn);
  if (path === undefined || paths.length > 1)
    throw new Error(
      `saccade benchmark ${name} needs one folder, file, address or data set such as ${definition.example}, found ${paths.length}`,
    );
  const { changes: protocol, notes } = askedWith(name, changes, options);
  expectJudgeAddress(changes);
  const judge = judgeOf(changes);
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
        ...notes,
        ...benchmark.notes,
        ...(part
          ? [`Only ${benchmark.questions.length} of ${benchmark.all} questions, spread over the categories`]
          : []),
      ],
    },
    open: async (config, session) => ({
      items: choiceItems(benchmark.questions, {
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
    }),
    controls: chosenControls(options.control ?? "none", controls),
    sampled: options.avgAt ?? 0,
    judge,
    meanOfCategories: definition.meanOfCategories,
    changes: {
      ...protocol,
      ...keptWhole,
      ...changes,
      data: "",
      judge: "rules",
      reward: "weights",
    },
  };
}

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
