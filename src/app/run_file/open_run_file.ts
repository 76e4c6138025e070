import { parseJson } from "../../model/json_file.ts";
import type { NamedBytes } from "../../platform.ts";
import type { ByteSource } from "../../tasks/byte_source.ts";
import { checkpointProblem } from "../../train/checkpoint.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { readTrainerState } from "../../train/trainer_state.ts";
import { readZip, unpackFile, unpackWhole, type ZippedFile } from "../archive/zip_reader.ts";
import { linesOf } from "../run/log_lines.ts";
import { LogReader } from "../run/log_reader.ts";
import { readStored } from "../run/record.ts";
import { manifestName } from "./pack_run.ts";
import { checkpointAt, configAt, lineTooLong, logAt, type Places } from "./settings_paths.ts";
import { filesFolder } from "./travellers.ts";

/** A run in an archive that may come from anybody: everything in it was looked at before it is taken. */
export interface RunFile {
  name: string;
  config: RunConfig;
  /** Addresses of the judges that its settings name, or those of its checkpoint: they may differ in what others made. */
  judges: readonly string[];
  /** After which its checkpoint was written; 0 where it has none. */
  savedStep: number;
  /** Files of its data and models, by their paths below `filesFolder`. */
  files: readonly { path: string; file: ZippedFile }[];
  /** What a person should know of its log. */
  notices: readonly string[];
  /** What is to be stored, with other places of data and models. */
  configAt(places: Places): string;
  /** Whole lines, some at a time. */
  logAt(places: Places): AsyncGenerator<string[]>;
  checkpointAt(places: Places): NamedBytes[] | null;
}

const mostManifestBytes = 2 ** 16;
const mostConfigBytes = 2 ** 22;
/** As much of a log as a page opens. */
const mostLogBytes = 2 ** 29;
const mostCheckpointFiles = 16;
const mostCheckpointBytes = 2 ** 34;

/**
 * Opens a run file, or any zip archive of one run folder.
 * @throws Error with one sentence where it holds no run, or where a part of it is damaged
 */
export async function openRunFile(source: ByteSource): Promise<RunFile> {
  const all = await readZip(source);
  const folder = runFolderIn(source, all);
  const own = new Map(
    all.flatMap((file) => (file.name.startsWith(folder) ? [[file.name.slice(folder.length), file] as const] : [])),
  );
  await expectFormat(source, own.get(manifestName));
  const text = new TextDecoder("utf-8", { fatal: true });
  const configBytes = await unpackWhole(source, own.get("config.json")!, mostConfigBytes);
  let stored: string;
  try {
    stored = text.decode(configBytes);
  } catch {
    throw new Error(`${source.name}: expected a text in config.json, found other bytes; the archive is damaged`);
  }
  const { config } = inFile(source, () => readStored(stored));
  const log = own.get("events.jsonl")!;
  if (log.sizeBytes > mostLogBytes)
    throw new Error(
      `${source.name}: expected a log of at most ${mostLogBytes / 2 ** 20} MiB, found ${Math.ceil(log.sizeBytes / 2 ** 20)}; unpack it by hand, and open its folder on the command line`,
    );
  const lines = () => linesOf(decoded(unpackFile(source, log)));
  const notices = await checkedLog(source, lines());
  const checkpoint = await checkpointIn(source, own);
  const state = checkpoint && readTrainerState(checkpoint);
  const files = [...own].flatMap(([path, file]) =>
    path.startsWith(`${filesFolder}/`) ? [{ path: path.slice(filesFolder.length + 1), file }] : [],
  );
  return {
    name: nameOf(source, folder),
    config,
    judges: judgesOf([config, ...(state ? [state.config] : [])]),
    savedStep: state?.step ?? 0,
    files,
    notices,
    configAt: (places) => configAt(stored, places),
    logAt: (places) => logAt(lines(), places),
    checkpointAt: (places) => checkpoint && checkpointAt(checkpoint, places),
  };
}

/** Where servers decide on answers, each address once. */
const judgesOf = (configs: readonly RunConfig[]): string[] => [
  ...new Set(configs.flatMap(({ judge, judgeUrl }) => (judge !== "rules" && judgeUrl !== "" ? [judgeUrl] : []))),
];

/** Archives of run folders that people made have no manifest. @throws Error where a later version wrote it */
async function expectFormat(source: ByteSource, manifest: ZippedFile | undefined): Promise<void> {
  if (!manifest) return;
  const bytes = await unpackWhole(source, manifest, mostManifestBytes);
  const found = inFile(source, () =>
    parseJson(new TextDecoder().decode(bytes), manifestName, "the archive is damaged"),
  );
  const { format } = (found ?? {}) as { format?: unknown };
  if (format !== 1)
    throw new Error(
      `${source.name}: expected format 1 in ${manifestName}, found ${JSON.stringify(format)?.slice(0, 40)}; open it with the Saccade that wrote it`,
    );
}

/** Where the one run lies: the folder that has settings and a log. */
function runFolderIn({ name }: ByteSource, files: readonly ZippedFile[]): string {
  const names = new Set(files.map((file) => file.name));
  const folders = [...names].flatMap((path) => {
    const folder =
      path === "config.json" || path.endsWith("/config.json") ? path.slice(0, -"config.json".length) : null;
    return folder !== null && names.has(`${folder}events.jsonl`) ? [folder] : [];
  });
  if (folders.length === 1) return folders[0]!;
  if (folders.length > 1)
    throw new Error(
      `Expected one run in ${name}, found ${folders.length} (${folders.slice(0, 3).join(", ")}); pack each by itself`,
    );
  const others = [...names].slice(0, 3).join(", ");
  throw new Error(
    `Expected a run in ${name}, a folder with config.json and events.jsonl, found ${names.size === 0 ? "nothing" : others.slice(0, 200)}; save one with “Save as a file…” of a run, or by saccade pack`,
  );
}

/** The folder's name, or where the archive has none, its own. */
function nameOf({ name }: ByteSource, folder: string): string {
  const own = folder === "" ? name.replace(/\.zip$/i, "") : folder.replace(/\/$/, "").split("/").at(-1)!;
  return own.slice(0, 120).trim() || "run";
}

/** Reads all of a log once: what is not one is not taken. */
async function checkedLog(source: ByteSource, lines: AsyncIterable<(string | null)[]>): Promise<readonly string[]> {
  const reader = new LogReader(`events.jsonl in ${source.name}`, "it is no run of Saccade, or damaged");
  for await (const some of lines)
    for (const line of some) {
      // Before anything is written: such a line cannot be kept.
      if (line === null) throw lineTooLong();
      reader.line(line);
    }
  return reader.end().notices;
}

async function checkpointIn(source: ByteSource, own: ReadonlyMap<string, ZippedFile>): Promise<NamedBytes[] | null> {
  const files = [...own].filter(([path]) => /^checkpoint\/[^/]+$/.test(path));
  if (files.length === 0) return null;
  if (files.length > mostCheckpointFiles)
    throw new Error(
      `${source.name}: expected the few files of a checkpoint, found ${files.length}; it is no run of Saccade`,
    );
  const read: NamedBytes[] = [];
  for (const [path, file] of files)
    read.push({ name: path.slice("checkpoint/".length), bytes: await unpackWhole(source, file, mostCheckpointBytes) });
  const problem = await checkpointProblem(read);
  if (problem !== null) throw new Error(`The checkpoint in ${source.name} is damaged: ${problem}; pack the run again`);
  return read;
}

async function* decoded(pieces: AsyncIterable<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const piece of pieces) yield decoder.decode(piece, { stream: true });
  yield decoder.decode();
}

function inFile<T>({ name }: ByteSource, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`);
  }
}
