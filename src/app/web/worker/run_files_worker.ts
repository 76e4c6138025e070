import type { NamedBytes, Platform } from "../../../platform.ts";
import type { Tokenizer } from "../../../policy/tokenizer.ts";
import { type ByteSource, blobBytes } from "../../../tasks/byte_source.ts";
import type { TrainEvent } from "../../../train/events.ts";
import { readTrainerState } from "../../../train/trainer_state.ts";
import { contentAt, unpackFile } from "../../archive/zip_reader.ts";
import { type FileToZip, streamOf, writeZip } from "../../archive/zip_writer.ts";
import { pathsIn } from "../../data/data_paths.ts";
import { shippedModels } from "../../model_folder/shipped_models.ts";
import { LogReader } from "../../run/log_reader.ts";
import { markedLines } from "../../run/marked_log.ts";
import { readStored } from "../../run/record.ts";
import { openRunFile, type RunFile } from "../../run_file/open_run_file.ts";
import { packRun } from "../../run_file/pack_run.ts";
import { placesOf } from "../../run_file/placed.ts";
import { travellersOf } from "../../run_file/travellers.ts";
import { shownBytes } from "../../text/shown_bytes.ts";
import type { GivenFile } from "../../worker_api/dropped_folder.ts";
import type {
  RunChoice,
  RunContents,
  RunFilesApi,
  TranslatedLog,
  UnpackedRun,
} from "../../worker_api/run_files_api.ts";
import type { DroppedFiles } from "../browser/dropped_files.ts";
import { keptFolder } from "../browser/kept_folder.ts";
import { sizeOf } from "./browser_run_store.ts";
import { database, StorageFull } from "./database.ts";
import { keptMarks } from "./mark_store.ts";
import { pageRuns } from "./page_run_store.ts";
import { keepRunFile } from "./run_file_store.ts";
import { createRunStore, markImported, removeRun, storedCheckpoint, storedEntry, storedLog } from "./run_store.ts";
import { translatedLog } from "./translated_log.ts";

/** Bytes of a file that is being unpacked. */
const mostInMemory = 2 ** 25;

/** Stored runs as single files, and back. */
export class RunFilesWorker implements Omit<RunFilesApi, "onnx" | "verl"> {
  readonly #platform: Platform;
  readonly #dropped: DroppedFiles;

  readonly #tokenizer: (model: string) => Promise<Pick<Tokenizer, "texts">>;

  constructor(
    platform: Platform,
    dropped: DroppedFiles,
    tokenizer: (model: string) => Promise<Pick<Tokenizer, "texts">>,
  ) {
    this.#platform = platform;
    this.#dropped = dropped;
    this.#tokenizer = tokenizer;
  }

  async contents(run: string): Promise<RunContents> {
    const { config } = readStored((await storedEntry(run)).config);
    const checkpoint = await storedCheckpoint(run);
    const { travellers, leftBehind } = await travellersOf(config, this.#platform);
    return {
      logBytes: (await storedLog(run)).length,
      checkpoint: checkpoint && { step: readTrainerState(checkpoint).step, sizeBytes: sizeOf(checkpoint) },
      travellers: travellers.map(({ knob, files, sizeBytes }) => ({ knob, files: files.length, sizeBytes })),
      leftBehind,
    };
  }

  async pack(run: string, choice: RunChoice): Promise<Blob> {
    const { config } = await storedEntry(run);
    const { travellers } = await travellersOf(readStored(config).config, this.#platform);
    const log = await storedLog(run);
    if (log === "") throw new Error(`The run "${run}" holds no events; there is nothing to save`);
    const pieces = packRun(
      {
        name: folderName(run),
        config,
        log: once(await markedLog(run, log)),
        checkpoint: choice.checkpoint ? await storedCheckpoint(run) : null,
        travellers: travellers.filter(({ knob }) => choice.travellers.includes(knob)),
      },
      this.#platform,
    );
    return archiveOf(pieces);
  }

  async pages(run: string): Promise<Blob> {
    const { config } = readStored((await storedEntry(run)).config);
    const log = await storedLog(run);
    const texts = await this.#tokenizer(config.model);
    const { runPages } = await import("../../run_pages/run_pages.ts");
    const pages = runPages({
      name: run,
      events: () => lenientEvents(log, run),
      textOf: (token) => texts.texts([token])[0] ?? "",
      platform: this.#platform,
    });
    return zipped(filesBelow(folderName(run), pages));
  }

  async unpack(file: File): Promise<UnpackedRun> {
    // Where nothing can be kept, that is said before anything is read.
    await database();
    const source = blobBytes(file.name, file);
    const run = await openRunFile(source);
    await expectRoom(file.size, run);
    const { name, store } = await createRunStore(run.name, run.config);
    let whole = false;
    try {
      const places = placesOf(run, keptFolder(name), (path) => this.#placeHere(path));
      await this.#keepFiles(name, source, file, run);
      for await (const lines of run.logAt(places)) await store.appendLog(lines);
      const checkpoint = run.checkpointAt(places);
      if (checkpoint) await store.writeCheckpoint(checkpoint);
      await store.writeConfig(run.configAt(places));
      await markImported(name);
      whole = true;
    } finally {
      await store.close();
      if (!whole) await removeRun(name).catch(() => {});
    }
    return { name, notices: [...run.notices, ...asked(run)] };
  }

  translate(files: readonly GivenFile[]): Promise<TranslatedLog | null> {
    return translatedLog(files);
  }

  /** What a path of another machine is to be called here, until the same files are dropped. */
  #placeHere(path: string): string {
    const stays =
      path.startsWith("dropped/") ||
      path.startsWith("trained-here/") ||
      shippedModels.has(path) ||
      /\.m?[jt]s$|^script:/.test(path) ||
      this.#onNetwork(path);
    return stays
      ? path
      : `dropped/${path
          .replace(/[/\\]+$/, "")
          .split(/[/\\]/)
          .at(-1)!}`;
  }

  #onNetwork(path: string): boolean {
    try {
      return pathsIn(path)
        .concat(`${path}/config.json`)
        .some((one) => this.#platform.addressOf(one) !== null);
    } catch {
      return true;
    }
  }

  async #keepFiles(name: string, source: ByteSource, file: File, run: RunFile): Promise<void> {
    for (const { path, file: zipped } of run.files) {
      const pieces: (Uint8Array<ArrayBuffer> | Blob)[] = [];
      let inMemory = 0;
      // Read once in any case: what is damaged is not kept. What lies there as it is needs no memory.
      for await (const piece of unpackFile(source, zipped)) {
        if (zipped.stored) continue;
        pieces.push(piece);
        inMemory += piece.length;
        if (inMemory < mostInMemory) continue;
        // The browser puts a blob on the disk where it is large.
        pieces.splice(0, pieces.length, new Blob(pieces));
        inMemory = 0;
      }
      const from = zipped.stored ? await contentAt(source, zipped) : 0;
      const content = zipped.stored ? file.slice(from, from + zipped.sizeBytes) : new Blob(pieces);
      await keepRunFile(name, path, content);
      this.#dropped.keep(`${keptFolder(name)}/${path}`, content);
    }
  }
}

/** A name that is a folder's on every system. */
const folderName = (run: string): string =>
  run.replaceAll(/[^\p{L}\p{N}._()-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "") || "run";

async function archiveOf(pieces: AsyncGenerator<Uint8Array>): Promise<Blob> {
  const blob = await new Response(streamOf(pieces)).blob();
  return blob.slice(0, blob.size, "application/zip");
}

const zipped = (files: AsyncIterable<FileToZip>): Promise<Blob> => archiveOf(writeZip(files, new Date()));

async function* filesBelow(folder: string, files: AsyncIterable<NamedBytes>): AsyncGenerator<FileToZip> {
  for await (const { name, bytes } of files) yield { name: `${folder}/${name}`, bytes, deflate: true };
}

/** What is wrong with a log is said where the run is opened. */
async function* lenientEvents(log: string, name: string): AsyncGenerator<TrainEvent> {
  const reader = new LogReader(`the run "${name}"`, "remove it or choose another");
  for (const line of log.split("\n")) {
    const event = reader.line(line);
    if (event) yield event;
  }
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

/** @throws StorageFull before anything is written */
async function expectRoom(fileBytes: number, { files }: RunFile): Promise<void> {
  const neededBytes = files.reduce((sum, { file }) => sum + file.sizeBytes, fileBytes);
  const { quota, usage }: StorageEstimate = (await navigator.storage?.estimate().catch(() => null)) ?? {};
  if (quota !== undefined && usage !== undefined && quota - usage < neededBytes)
    throw new StorageFull(
      `The run takes ${shownBytes(neededBytes)}, and this browser has room for ${shownBytes(Math.max(0, quota - usage))}; remove stored runs, or free disk space`,
    );
}

/** What going on with a run of somebody else would ask. */
const asked = ({ judges }: RunFile): string[] =>
  judges.map(
    (judge) =>
      `This run asks a judge at ${judge}: going on with it sends questions and answers there; look at its settings first`,
  );

/** The log with what a person said of its rollouts in this browser. */
async function markedLog(run: string, log: string): Promise<string> {
  const marks = pageRuns.has(run) ? [] : await keptMarks(run);
  return marks.length === 0 ? log : [...markedLines(log.split("\n"), marks)].join("\n");
}
