import type { NamedBytes } from "../../../platform.ts";
import { checkpointProblem } from "../../../train/checkpoint.ts";
import { readTrainerState } from "../../../train/trainer_state.ts";
import { readStored } from "../../run/record.ts";
import { packRun } from "../../run_file/pack_run.ts";
import { travellersOf } from "../../run_file/travellers.ts";
import { shownBytes } from "../../text/shown_bytes.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes, Misused } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { newInWords, removeIfThere, writeAll } from "../storage/durable_files.ts";
import { expectNewFile } from "../storage/new_file.ts";
import { readRunCheckpoints, readRunConfig } from "../storage/run_folder.ts";

const whatTravels = { data: "its data", model: "the model it began with", adapter: "the adapter it began with" };

/**
 * `pack RUN_FOLDER --out FILE.zip`: a run as one file, which the page opens and `unpack` makes a folder of again. The run
 * is only read, and may go on meanwhile. Returns the exit code.
 */
export async function packCommand(options: Options, context: CommandContext): Promise<number> {
  const { folders = [], out, checkpoint: takesCheckpoint = true, pictures = false, modelFiles = false } = options;
  if (folders.length !== 1) throw new Misused(`saccade pack needs the folder of one run, found ${folders.length}`);
  const folder = folders[0]!.replace(/[/\\]+$/, "");
  if (!/\.zip$/i.test(out!)) throw new Error(`--out is a file that ends in .zip here, found ${out}`);
  await expectNewFile(out!);
  const config = await readRunConfig(folder);
  const log = `${folder}/events.jsonl`;
  const size = await Deno.stat(log).then(
    (found) => found.size,
    () => null,
  );
  if (config === null || size === null)
    throw new Error(
      `Expected the folder of a run at ${folder}, found no ${config === null ? "config.json" : "events.jsonl"} in it`,
    );
  const { terminal } = context;
  const platform = await context.openPlatform(false);
  const { travellers, leftBehind } = await travellersOf(readStored(config).config, platform);
  const taken = travellers.filter(({ knob }) => (knob === "data" ? pictures : modelFiles));
  for (const { knob, why } of leftBehind)
    if (knob === "data" ? pictures : modelFiles) throw new Error(`${capital(whatTravels[knob])} cannot travel: ${why}`);
  const files = takesCheckpoint ? await lastWhole(folder) : null;
  const name = folder
    .split(/[/\\]/)
    .at(-1)!
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^\.+$/, "run");
  const pieces = packRun({ name, config, log: textOf(log), checkpoint: files, travellers: taken }, platform);
  await newInWords(out!, () => writeNew(out!, pieces));
  const { size: packedBytes } = await Deno.stat(out!);
  const state = files ? `its checkpoint of step ${readTrainerState(files).step}` : "no checkpoint";
  const others = taken.map(({ knob, sizeBytes }) => `${whatTravels[knob]} (${shownBytes(sizeBytes)})`);
  terminal.print(visible(`${out}: ${shownBytes(packedBytes)}: settings, log, ${[state, ...others].join(", ")}`));
  for (const { knob, sizeBytes } of travellers.filter((one) => !taken.includes(one)))
    terminal.print(
      `Without ${whatTravels[knob]} (${shownBytes(sizeBytes)}), which ${knob === "data" ? "--pictures" : "--model-files"} takes along`,
    );
  return exitCodes.done;
}

/** A new file, whole or not there: it has its name once every byte is on the disk. */
async function writeNew(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const beside = `${path}.writing`;
  const file = await Deno.open(beside, { write: true, create: true, truncate: true });
  try {
    try {
      for await (const piece of pieces) await writeAll(file, piece);
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(beside, path);
  } catch (error) {
    await removeIfThere(beside).catch(() => {});
    throw error;
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The last whole checkpoint, null where none was written. */
async function lastWhole(folder: string): Promise<NamedBytes[] | null> {
  const found = await readRunCheckpoints(folder).catch(() => []);
  let problem: string | null = null;
  for (const files of found) {
    const one = await checkpointProblem(files);
    if (one === null) return files;
    problem ??= one;
  }
  if (problem !== null)
    throw new Error(`The checkpoint in ${folder} is damaged: ${problem}; leave it out by --no-checkpoint`);
  return null;
}

async function* textOf(path: string): AsyncGenerator<string> {
  const file = await Deno.open(path);
  yield* file.readable.pipeThrough(new TextDecoderStream());
}
