import type { ByteSource } from "../../../tasks/byte_source.ts";
import { otherSources } from "../../../tasks/fingerprint.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { unpackFile } from "../../archive/zip_reader.ts";
import { readStored } from "../../run/record.ts";
import { runSources } from "../../run/run_sources.ts";
import { openRunFile, type RunFile } from "../../run_file/open_run_file.ts";
import { placesOf } from "../../run_file/placed.ts";
import { type PlaceKnob, type Places, placeKnobs } from "../../run_file/settings_paths.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes, Misused } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { exists, newInWords, writeAll } from "../storage/durable_files.ts";
import { openFileSource } from "../storage/file_source.ts";
import { markUnpacked } from "../storage/judge_of_file.ts";
import { createRunFolder, expectNewFolder } from "../storage/run_folder.ts";

/**
 * `unpack FILE.zip --out DIR`: the folder of a run again, of a file that `pack` or the page wrote. Where its data or model
 * did not travel, flags say where they lie here. Returns the exit code.
 */
export async function unpackCommand(
  given: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
): Promise<number> {
  const { folders = [], out } = options;
  if (folders.length !== 1) throw new Misused(`saccade unpack needs one file, found ${folders.length}`);
  await expectNewFolder(out!);
  const { terminal } = context;
  if (
    await Deno.stat(folders[0]!).then(
      ({ isDirectory }) => isDirectory,
      () => false,
    )
  )
    throw new Error(`Expected a run file at ${folders[0]}, found a folder; it is unpacked already`);
  const source = await openFileSource(folders[0]!, "a run file");
  try {
    const run = await openRunFile(source);
    const base = await absolute(out!);
    const places = { ...placesOf(run, `${base}/files`, (path) => path.replace(/^dropped\//, "")), ...given } as Places;
    for (const knob of placeKnobs) if (given[knob] !== undefined) await expectSame(run, places, knob, context);
    const wasThere = await exists(out!);
    await newInWords(out!, () => writeRun(run, { source, places, folder: out!, wasThere }));
    for (const judge of run.judges)
      terminal.print(visible(`Its judge is at ${judge}: who goes on with the run sends answers there`));
    for (const sentence of run.notices) terminal.print(visible(sentence));
    const state = run.savedStep > 0 ? `its checkpoint is of step ${run.savedStep}` : "without a checkpoint";
    terminal.print(visible(`The run ${run.name} is in ${out}, ${state}`));
    if (run.savedStep > 0 && run.savedStep < run.config.steps)
      terminal.print(`Go on with: npm run saccade -- train --resume ${out}`);
    return exitCodes.done;
  } finally {
    source.close();
  }
}

/** The folder of a run, whole or not there. */
async function writeRun(
  run: RunFile,
  { source, places, folder, wasThere }: { source: ByteSource; places: Places; folder: string; wasThere: boolean },
): Promise<void> {
  const store = await createRunFolder(folder);
  let isWhole = false;
  try {
    await writeFiles(run, source, `${folder}/files`);
    const checkpoint = run.checkpointAt(places);
    if (checkpoint) await store.writeCheckpoint(checkpoint);
    for await (const lines of run.logAt(places)) await store.appendLog(lines);
    await markUnpacked(folder);
    // The last: a folder without it is no run, whatever interrupts this.
    await store.writeConfig(run.configAt(places));
    isWhole = true;
  } finally {
    await store.close();
    // Half a run would stand in the way of the next attempt.
    if (!isWhole) await emptied(folder, wasThere);
  }
}

/** Compares what a flag names with the run's fingerprint of it. @throws Error where it is another */
async function expectSame(run: RunFile, places: Places, knob: PlaceKnob, context: CommandContext): Promise<void> {
  const { sources = [] } = readStored(run.configAt(places));
  const own = sources.filter((print) => print.knob === knob);
  if (own.length === 0) return;
  const named: Places = { data: "", model: "", adapter: "", [knob]: places[knob] };
  const sentence = otherSources(own, await runSources(named, await context.openPlatform(false)));
  if (sentence !== null) throw new Error(`${sentence}; name the run's own by --${knob}`);
}

async function writeFiles(run: RunFile, source: ByteSource, folder: string): Promise<void> {
  for (const { path, file } of run.files) {
    const place = `${folder}/${path}`;
    await Deno.mkdir(place.slice(0, place.lastIndexOf("/")), { recursive: true });
    const written = await Deno.open(place, { write: true, createNew: true });
    try {
      for await (const piece of unpackFile(source, file)) await writeAll(written, piece);
    } finally {
      written.close();
    }
  }
}

/** Removes what was written into a folder that was new or empty. */
async function emptied(folder: string, wasThere: boolean): Promise<void> {
  if (!wasThere) return Deno.remove(folder, { recursive: true }).catch(() => {});
  for await (const { name } of Deno.readDir(folder))
    await Deno.remove(`${folder}/${name}`, { recursive: true }).catch(() => {});
}

async function absolute(path: string): Promise<string> {
  if (/^([/\\]|[A-Za-z]:)/.test(path)) return path.replace(/[/\\]+$/, "");
  return `${Deno.cwd()}/${path.replace(/^\.\//, "").replace(/[/\\]+$/, "")}`;
}
