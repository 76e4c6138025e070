import type { NamedBytes, Platform } from "../../platform.ts";
import { readTrainerState } from "../../train/trainer_state.ts";
import { type FileToZip, writeZip } from "../archive/zip_writer.ts";
import { linesOf } from "../run/log_lines.ts";
import { readStored } from "../run/record.ts";
import { checkpointAt, configAt, logAt } from "./settings_paths.ts";
import { placesIn, type Traveller } from "./travellers.ts";

/** The file of a run file that says what it is. */
export const manifestName = "saccade-run.json";

/** A run as it lies somewhere, to be written as one file. */
export interface RunToPack {
  name: string;
  config: string;
  /** Its log in pieces. */
  log: AsyncIterable<string>;
  /** Null where none was written, or where it stays behind. */
  checkpoint: readonly NamedBytes[] | null;
  /** What of its data and models goes with it. */
  travellers: readonly Traveller[];
}

/**
 * A run as one zip archive: a run folder as the command line has it, with what it reads beside it in `files`. Who unpacks
 * it by hand has a run folder as well.
 */
export const packRun = (run: RunToPack, platform: Platform, madeAt = new Date()): AsyncGenerator<Uint8Array> =>
  writeZip(filesOf(run, platform, madeAt), madeAt);

async function* filesOf(run: RunToPack, platform: Platform, madeAt: Date): AsyncGenerator<FileToZip> {
  const { name, checkpoint, travellers } = run;
  const { config } = readStored(run.config);
  const places = placesIn(config, travellers);
  const at = (file: string): string => `${name}/${file}`;
  const text = (file: string, content: string): FileToZip => ({
    name: at(file),
    bytes: new TextEncoder().encode(content),
    deflate: true,
  });
  const step = checkpoint ? readTrainerState(checkpoint).step : 0;
  const manifest = {
    format: 1,
    name,
    savedStep: step,
    madeAt: madeAt.toISOString(),
    travels: travellers.map(({ knob }) => knob),
  };
  yield text(manifestName, `${JSON.stringify(manifest, null, 2)}\n`);
  yield text("config.json", configAt(run.config, places));
  yield { name: at("events.jsonl"), bytes: encoded(logAt(linesOf(run.log), places)), deflate: true };
  // Numbers of weights do not get smaller.
  for (const file of checkpoint ? checkpointAt(checkpoint, places) : [])
    yield { name: at(`checkpoint/${file.name}`), bytes: file.bytes, deflate: file.name.endsWith(".json") };
  for (const { files } of travellers)
    for (const file of files)
      yield {
        name: at(file.name),
        bytes: contentOf(file, platform),
        deflate: /\.(json|jsonl|csv|tsv|txt|jinja)$/i.test(file.name),
      };
}

async function* encoded(lines: AsyncIterable<string[]>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const some of lines) yield encoder.encode(`${some.join("\n")}\n`);
}

/** Bytes of a file that are read at once. */
const pieceBytes = 2 ** 22;

async function* contentOf(
  { path, sizeBytes }: Traveller["files"][number],
  platform: Platform,
): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < sizeBytes; from += pieceBytes) {
    const bytes = await platform.readAsset(path, from, Math.min(sizeBytes, from + pieceBytes));
    if (bytes.length === 0) throw new Error(`${path} became shorter while it was read`);
    yield bytes;
  }
}
