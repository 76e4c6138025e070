import type { Platform } from "../../platform.ts";
import { type ByteSource, httpBytes } from "../../tasks/byte_source.ts";
import { deepEyesRows } from "../../tasks/deepeyes.ts";
import { folderRows } from "../../tasks/folder.ts";
import { ParquetTable } from "../../tasks/parquet.ts";
import { recipeBudget } from "../../tasks/picture_budget.ts";
import type { RowSource } from "../../tasks/row.ts";
import type { SurveySettings } from "../../tasks/survey.ts";
import { compareRows, type ExpectedRow } from "../data/expected.ts";
import { inspect, inspectionLines } from "../data/inspection.ts";
import { promptLength } from "../data/prompt_length.ts";
import { openTokenizer } from "../data/qwen_tokenizer.ts";
import { jsonLines, Tally } from "../outcome.ts";
import type { Options } from "./arguments.ts";
import type { Surroundings } from "./commands.ts";
import { visible } from "./terminal.ts";

/** Prompts longer than this are left out, as in the recipe. */
const recipePromptTokens = 8192;

/**
 * `data inspect FILE...`: what sources of tasks hold, and what would be left out or changed and why. A source that
 * cannot be opened costs its sentence and the exit code; the others are shown all the same.
 */
export async function dataCommand(options: Options, around: Surroundings): Promise<number> {
  const [action, ...paths] = options.folders!;
  if (action !== "inspect" || paths.length === 0)
    throw new Error(`saccade data needs "inspect" and files or folders, found "${options.folders!.join(" ")}"`);
  const platform = await around.openPlatform(false);
  const settings = await settingsOf(options, platform);
  const { expect } = options;
  const expected = expect ? jsonLines<ExpectedRow>(await platform.readAsset(onDisk(expect)), expect) : null;
  const { terminal, stopping } = around;
  const tally = new Tally();
  let unopened = 0;
  for (const path of (await Promise.all(paths.map(filesOf))).flat()) {
    let source: RowSource;
    try {
      source = await open(path, platform, around);
    } catch (error) {
      unopened++;
      terminal.print(visible((error as Error).message));
      continue;
    }
    const headersOnly = options.headersOnly || expected !== null;
    const progress = (rows: number) => terminal.progress(`${source.name}: ${rows} of ${source.rows} rows`);
    const seen = await inspect(source, settings, { headersOnly, progress, stopping });
    for (const line of inspectionLines(seen)) terminal.print(visible(line));
    if (expected)
      for await (const outcome of compareRows(source, expected)) {
        const failure = tally.add(outcome);
        if (failure !== null) terminal.print(visible(failure));
        if (stopping()) return 130;
      }
    if (stopping()) return 130;
  }
  if (!expected) return unopened > 0 ? 1 : 0;
  for (const line of tally.lines()) terminal.print(line);
  return tally.failed > 0 || tally.passed === 0 || unopened > 0 ? 1 : 0;
}

async function settingsOf(options: Options, platform: Platform): Promise<SurveySettings> {
  const { tokenizer, charts = false, pixelBudget } = options;
  const counting =
    tokenizer === undefined
      ? {}
      : {
          promptTokens: promptLength(
            await openTokenizer(async (name) => {
              const path = onDisk(`${tokenizer}/${name}`);
              return (await platform.assetSize(path)) === null ? null : platform.readAsset(path);
            }),
          ),
        };
  const { limits } = recipeBudget;
  return {
    budget: { ...recipeBudget, limits: { ...limits, maxPixels: pixelBudget ?? limits.maxPixels } },
    charts,
    textOnly: true,
    maxPromptTokens: options.maxPromptTokens ?? recipePromptTokens,
    ...counting,
  };
}

/** The files behind a path: itself, or what a folder holds that describes tasks. */
async function filesOf(path: string): Promise<string[]> {
  if (isAddress(path)) return [path];
  const isFolder = await Deno.stat(path).then(
    ({ isDirectory }) => isDirectory,
    () => false,
  );
  if (!isFolder) return [path];
  const found: string[] = [];
  for await (const { name, isFile } of Deno.readDir(path))
    if (isFile && /\.(parquet|jsonl|csv)$/i.test(name)) found.push(`${path}/${name}`);
  if (found.length === 0)
    throw new Error(`Expected a .parquet, .jsonl or .csv file in ${path}, found none; name the file`);
  return found.sort();
}

async function open(path: string, platform: Platform, { terminal }: Surroundings): Promise<RowSource> {
  const name = path.split(/[/\\]/).at(-1)!.replace(/\?.*$/, "");
  if (/\.(jsonl|csv)$/i.test(name) && !isAddress(path)) {
    const folder = onDisk(path).slice(0, -name.length);
    const bytes = await platform.readAsset(onDisk(path));
    return folderRows({ name, bytes }, async (picture) => {
      if ((await platform.assetSize(folder + picture)) === null)
        throw new Error(`Expected a picture ${picture} beside ${name}, found no such file`);
      return platform.readAsset(folder + picture);
    });
  }
  if (!isAddress(path)) return deepEyesRows(await ParquetTable.open(await diskBytes(name, onDisk(path), platform)));
  terminal.print(visible(`Reading parts of ${path}`));
  return deepEyesRows(await ParquetTable.open(await httpBytes(name, path)));
}

async function diskBytes(name: string, path: string, platform: Platform): Promise<ByteSource> {
  const sizeBytes = await platform.assetSize(path);
  if (sizeBytes === null) throw new Error(`Expected a file ${path}, found none`);
  return {
    name,
    sizeBytes,
    read: async (startByte, endByte) => {
      const bytes = await platform.readAsset(path, startByte, endByte);
      if (bytes.length !== endByte - startByte) throw new Error(`${path} became shorter while it was read`);
      return bytes as Uint8Array<ArrayBuffer>;
    },
  };
}

const isAddress = (path: string): boolean => /^https?:\/\//i.test(path);

/** On disk, even where a shipped variant has the same name. */
const onDisk = (path: string): string => (/^([./\\]|[a-zA-Z]:)/.test(path) ? path : `./${path}`);
