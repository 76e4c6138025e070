import { Gpu } from "../../../gpu/gpu.ts";
import type { Platform } from "../../../platform.ts";
import { type Case, conformance, needsGpu } from "../../conformance/conformance.ts";
import { jsonLines, type Outcome, Tally } from "../../conformance/outcome.ts";
import { imageParity } from "../../parity/image_files.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";

/** `parity --images DIR`: pictures against Pillow and the image processors. Returns the exit code. */
export async function imagesCommand(folder: string, context: CommandContext): Promise<number> {
  const platform = await context.openPlatform(false);
  return report(imageParity(readerOf(folder, platform)), context);
}

/**
 * `parity --text DIR`: token ids and chat renders against transformers. The tokenizer lies in the folder, in
 * qwen-tokenizer one or two folders up, in that of the references beside the project, or where `tokenizerFolder` says.
 */
export async function textCommand(
  folder: string,
  tokenizerFolder: string | undefined,
  context: CommandContext,
): Promise<number> {
  const platform = await context.openPlatform(false);
  const places =
    tokenizerFolder === undefined
      ? [folder, `${folder}/../qwen-tokenizer`, `${folder}/../../qwen-tokenizer`, "../shared/qwen-tokenizer"]
      : [tokenizerFolder];
  const find = async (name: string) => {
    for (const place of places) {
      const path = pathOf(place, name);
      if ((await platform.assetSize(path)) !== null) return platform.readAsset(path);
    }
    return null;
  };
  const { textParity } = await import("../../parity/text_files.ts");
  return report(textParity(readerOf(folder, platform), find), context);
}

/** `conformance FILE.jsonl...`: our faithful presets against cases of DeepEyes and verl. Returns the exit code. */
export async function conformanceCommand(files: readonly string[], context: CommandContext): Promise<number> {
  const disk = await context.openPlatform(false);
  const cases: Case[] = [];
  for (const file of files) cases.push(...jsonLines<Case>(await disk.readAsset(pathOf(file)), file));
  if (!needsGpu(cases)) return report(conformance(cases, null), context);
  const platform = await context.openPlatform(true);
  if (!platform.gpu) throw new Error(platform.gpuMissing);
  const gpu = await Gpu.open(platform.gpu);
  try {
    return await report(conformance(cases, gpu), context);
  } finally {
    gpu.close();
  }
}

async function report(outcomes: AsyncIterable<Outcome>, { terminal, stopping }: CommandContext): Promise<number> {
  const tally = new Tally();
  for await (const outcome of outcomes) {
    const failure = tally.add(outcome);
    if (failure !== null) terminal.print(visible(failure));
    if (stopping()) return exitCodes.interrupted;
  }
  for (const line of tally.lines()) terminal.print(line);
  return tally.failed > 0 || tally.passed === 0 ? exitCodes.failed : exitCodes.done;
}

/** On disk, even where a shipped variant has the same name. */
const pathOf = (...parts: string[]): string => {
  const path = parts.join("/");
  return /^([./\\]|[a-zA-Z]:)/.test(path) ? path : `./${path}`;
};

const readerOf = (folder: string, platform: Platform) => (name: string) => platform.readAsset(pathOf(folder, name));
