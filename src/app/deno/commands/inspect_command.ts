import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes, Misused } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { entries, exists, join } from "../storage/durable_files.ts";
import { adapterLines, modelLines, tensorLines } from "./inspected_model.ts";
import { logLines, runFileLines, runLines, sweepLines } from "./inspected_run.ts";

/**
 * `inspect PATH...`: what a run's folder, log or file, a sweep, a model's or an adapter's folder or a safetensors file holds.
 * Only read: no weights are loaded, no GPU is opened. Returns the exit code: 1 where one of them cannot be read.
 */
export async function inspectCommand({ folders: paths = [] }: Options, context: CommandContext): Promise<number> {
  const { terminal } = context;
  let failed = 0;
  for (const [i, path] of paths.entries()) {
    if (i > 0) terminal.print("");
    try {
      for await (const line of linesAbout(path, context)) terminal.print(visible(line));
    } catch (error) {
      // One alone is the whole command.
      if (paths.length === 1) throw error;
      failed++;
      terminal.print(visible((error as Error).message));
    }
    if (context.stopping()) return exitCodes.interrupted;
  }
  return failed > 0 ? exitCodes.failed : exitCodes.done;
}

async function* linesAbout(path: string, context: CommandContext): AsyncGenerator<string> {
  const { isDirectory } = await Deno.stat(path).catch(() => {
    throw new Error(
      `Expected a run, a model, an adapter or a safetensors file at ${path}, found none; models of the Hub are described by train --dry-run --model`,
    );
  });
  if (!isDirectory) yield* linesOfFile(path);
  else if (await exists(join(path, "sweep.json"))) yield* sweepLines(path);
  else if (await exists(join(path, "adapter_config.json")))
    yield* adapterLines(path, await context.openPlatform(false));
  else if (await exists(join(path, "events.jsonl"))) yield* runLines(path);
  else if (await exists(join(path, "trainer_state.json"))) yield* tensorLines(join(path, "model.safetensors"));
  else if (await exists(join(path, "config.json"))) yield* modelLines(path, await context.openPlatform(false));
  else {
    const found = (await entries(path)).slice(0, 6).join(", ");
    throw new Error(
      `Expected the folder of a run, a sweep, a model or an adapter at ${path}, found ${found || "an empty folder"}; data is described by: saccade data inspect ${path}`,
    );
  }
}

function linesOfFile(path: string): AsyncGenerator<string> {
  if (/\.safetensors$/i.test(path)) return tensorLines(path);
  if (/\.zip$/i.test(path)) return runFileLines(path);
  if (/\.jsonl(\.gz)?$/i.test(path)) return logLines(path);
  throw new Misused(
    `Expected a .safetensors file, a run file (.zip) or a log (.jsonl, .jsonl.gz), found ${path}; data is described by: saccade data inspect ${path}`,
  );
}
