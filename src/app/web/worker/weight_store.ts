import { sha256 } from "../../../tasks/sha256.ts";
import type { CachedWeights } from "../../worker_api/run_api.ts";

/** Where weights come from that are kept: files on the network, by their paths. */
export interface WeightSource {
  /** Null where there is no such file. */
  sizeBytes(path: string): Promise<number | null>;
  read(path: string, startByte?: number, endByte?: number): Promise<Uint8Array>;
  /** The commit and the mark of the content, each "" where unknown. */
  version(path: string): Promise<{ commit: string; mark: string }>;
}

/** What stands beside the pieces of a file. */
interface About {
  path: string;
  sizeBytes: number;
  /** Milliseconds since 1970. */
  usedAt: number;
  /** Of the whole, once that was found to be what its server says. */
  sha256?: string;
}

interface Kept {
  key: string;
  folder: FileSystemDirectoryHandle;
  sizeBytes: number;
}

/** A piece is followed by its SHA-256, in hexadecimal. */
const hashBytes = 64;
const aboutFile = "about.json";
const wholePieceBytes = 16 * 2 ** 20;

/**
 * Weights from the network, kept in the browser's file system (OPFS) in pieces, so that a page that is opened again
 * fetches none of them, and one that was closed meanwhile only the rest. A file is known by what its server calls its
 * content (on the Hub the SHA-256 of its bytes), wherever it lies; every piece is checked against its own hash when it is
 * first read. Where the storage is full, what was used longest ago is removed; where that is not enough, nothing is cached.
 */
export class WeightStore {
  readonly #kept = new Map<string, Promise<Kept | null>>();
  /** Pieces that were checked, or written, by this page. */
  readonly #sound = new Map<string, Blob>();
  /** Why nothing more is kept, in a sentence. */
  problem: string | null = null;

  /**
   * @param root  the folder of all of it
   */
  constructor(
    readonly source: WeightSource,
    readonly root: () => Promise<FileSystemDirectoryHandle> = weightFolder,
    readonly pieceBytes = wholePieceBytes,
  ) {}

  /** Bytes [startByte, endByte), or as many of them as there are. @throws Error as the source does */
  async read(path: string, startByte = 0, endByte?: number): Promise<Uint8Array> {
    const kept = this.problem === null ? await this.#open(path) : null;
    if (!kept) return this.source.read(path, startByte, endByte);
    const end = Math.min(endByte ?? kept.sizeBytes, kept.sizeBytes);
    const bytes = new Uint8Array(Math.max(0, end - startByte));
    for (let at = startByte; at < end; ) {
      const index = Math.floor(at / this.pieceBytes);
      const first = index * this.pieceBytes;
      const to = Math.min(end, first + this.pieceBytes);
      const piece = await this.#piece(path, kept, index);
      const part = (piece && (await bytesOf(piece, at - first, to - first))) ?? (await this.source.read(path, at, to));
      // As of any source: whoever asked says what is missing.
      if (part.length < to - at) return bytes.subarray(0, at - startByte);
      bytes.set(part, at - startByte);
      at = to;
    }
    return bytes;
  }

  /**
   * A whole file in its pieces, in order; those that are not kept are fetched and kept. Nothing where it is too small to be kept.
   * @throws Error with one sentence where it cannot be kept, or as the source does
   */
  async *pieces(path: string): AsyncGenerator<Uint8Array> {
    // A person may have made room since.
    if (this.problem !== null) this.#kept.clear();
    this.problem = null;
    const kept = await this.#open(path);
    const expectKept = () => {
      if (this.problem !== null) throw new Error(this.problem);
    };
    expectKept();
    if (!kept) return;
    for (let index = 0; index * this.pieceBytes < kept.sizeBytes; index++) {
      const sizeBytes = Math.min(this.pieceBytes, kept.sizeBytes - index * this.pieceBytes);
      const piece = await this.#piece(path, kept, index);
      expectKept();
      const bytes = piece && (await bytesOf(piece, 0, sizeBytes));
      if (bytes?.length !== sizeBytes)
        throw new Error(`${path} was removed, or has ended too early, while it was fetched; fetch it again`);
      yield bytes;
    }
  }

  /** How much of a file is kept, and its SHA-256 where that was checked; null for one that is not kept. */
  async kept(path: string): Promise<{ keptBytes: number; sha256: string | null } | null> {
    const kept = await this.#open(path);
    if (!kept) return null;
    const { sha256: checked = null } = await readAbout(kept.folder);
    return { keptBytes: await keptBytesIn(kept.folder), sha256: checked };
  }

  /** Notes that the whole file has this sum. */
  async setChecked(path: string, sum: string): Promise<void> {
    const kept = await this.#open(path);
    if (!kept) return;
    const about = await readAbout(kept.folder);
    await writeFile(kept.folder, aboutFile, [JSON.stringify({ ...about, sha256: sum })]);
  }

  /** Removes what is kept of one file. */
  async forget(path: string): Promise<void> {
    const kept = await this.#open(path);
    if (kept) await this.remove(kept.key);
  }

  /** What is kept, the one used last first; nothing where the browser keeps no files. */
  async list(): Promise<CachedWeights[]> {
    const found: (CachedWeights & About)[] = [];
    const root = await this.root().catch(() => null);
    if (!root) return [];
    for await (const [key, folder] of root.entries()) {
      if (folder.kind !== "directory") continue;
      const about = await readAbout(folder as FileSystemDirectoryHandle);
      found.push({ ...about, key, keptBytes: await keptBytesIn(folder as FileSystemDirectoryHandle) });
    }
    return found
      .sort((a, b) => b.usedAt - a.usedAt)
      .map(({ key, path, sizeBytes, keptBytes, sha256: checked }) => ({
        key,
        path,
        sizeBytes,
        keptBytes,
        ...(checked !== undefined && { checked: true }),
      }));
  }

  async remove(key: string): Promise<void> {
    await (await this.root()).removeEntry(key, { recursive: true });
    this.#kept.clear();
    this.#sound.clear();
    this.problem = null;
  }

  #open(path: string): Promise<Kept | null> {
    let kept = this.#kept.get(path);
    if (!kept) {
      kept = this.#begin(path);
      // What failed once may work the next time.
      kept.catch(() => this.#kept.delete(path));
      this.#kept.set(path, kept);
    }
    return kept;
  }

  /** Null for what cannot be distinguished from other content, or is no larger than one piece. */
  async #begin(path: string): Promise<Kept | null> {
    const sizeBytes = await this.source.sizeBytes(path);
    if (sizeBytes === null || sizeBytes <= this.pieceBytes) return null;
    const { commit, mark } = await this.source.version(path);
    if (commit === "" && mark === "") return null;
    const content = mark === "" ? [path, commit] : [mark];
    const key = await sha256(new TextEncoder().encode(JSON.stringify([...content, sizeBytes, this.pieceBytes])));
    try {
      const folder = await (await this.root()).getDirectoryHandle(key, { create: true });
      const { sha256: checked } = await readAbout(folder);
      const about: About = { path, sizeBytes, usedAt: Date.now(), ...(checked !== undefined && { sha256: checked }) };
      await writeFile(folder, aboutFile, [JSON.stringify(about)]);
      return { key, folder, sizeBytes };
    } catch (error) {
      this.problem = problemOf(error);
      return null;
    }
  }

  /** Null where it cannot be kept. */
  async #piece(path: string, kept: Kept, index: number): Promise<Blob | null> {
    const name = `${kept.key}/${index}`;
    const known = this.#sound.get(name);
    if (known) return known;
    const from = index * this.pieceBytes;
    const sizeBytes = Math.min(this.pieceBytes, kept.sizeBytes - from);
    const stored = await soundPiece(kept.folder, index, sizeBytes);
    if (stored) {
      this.#sound.set(name, stored);
      return stored;
    }
    if (this.problem !== null) return null;
    const bytes = (await this.source.read(path, from, from + sizeBytes)) as Uint8Array<ArrayBuffer>;
    const piece = new Blob([bytes]);
    if (bytes.length < sizeBytes) return piece;
    if (!(await this.#write(kept, index, [bytes, await sha256(bytes)]))) return piece;
    const file = await (await kept.folder.getFileHandle(String(index))).getFile();
    this.#sound.set(name, file);
    return file;
  }

  /** False where it is not kept. */
  async #write(kept: Kept, index: number, parts: FileSystemWriteChunkType[]): Promise<boolean> {
    for (;;) {
      try {
        await writeFile(kept.folder, String(index), parts);
        return true;
      } catch (error) {
        const { name } = error as Error;
        // Another tab writes it, or has removed the folder.
        if (name === "NoModificationAllowedError" || name === "NotFoundError") return false;
        if (name !== "QuotaExceededError" || !(await this.#makeRoom(kept.key))) {
          this.problem = problemOf(error);
          return false;
        }
      }
    }
  }

  /** Removes what was used longest ago. False where there is nothing else. */
  async #makeRoom(besides: string): Promise<boolean> {
    const reading = new Set(await Promise.all([...this.#kept.values()]));
    const others = (await this.list()).filter(
      ({ key }) => key !== besides && ![...reading].some((one) => one?.key === key),
    );
    const oldest = others.at(-1);
    if (!oldest) return false;
    await (await this.root()).removeEntry(oldest.key, { recursive: true });
    return true;
  }
}

const weightFolder = async (): Promise<FileSystemDirectoryHandle> =>
  (await navigator.storage.getDirectory()).getDirectoryHandle("weights", { create: true });

/** The file stands whole or as it did before. */
async function writeFile(
  folder: FileSystemDirectoryHandle,
  name: string,
  parts: readonly FileSystemWriteChunkType[],
): Promise<void> {
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  try {
    for (const part of parts) await stream.write(part);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error;
  }
}

/** Null where the file was removed meanwhile, by another tab or by the browser. */
const bytesOf = (piece: Blob, start: number, end: number): Promise<Uint8Array | null> =>
  piece
    .slice(start, end)
    .arrayBuffer()
    .then(
      (bytes) => new Uint8Array(bytes),
      () => null,
    );

/** A piece, its hash behind it; null where it is not there, not whole or not what was written. */
async function soundPiece(folder: FileSystemDirectoryHandle, index: number, sizeBytes: number): Promise<Blob | null> {
  try {
    const file = await (await folder.getFileHandle(String(index))).getFile();
    if (file.size !== sizeBytes + hashBytes) return null;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const hash = new TextDecoder().decode(bytes.subarray(sizeBytes));
    return (await sha256(bytes.subarray(0, sizeBytes))) === hash ? file : null;
  } catch {
    return null;
  }
}

async function readAbout(folder: FileSystemDirectoryHandle): Promise<About> {
  try {
    const about = JSON.parse(await (await (await folder.getFileHandle(aboutFile)).getFile()).text());
    const { path, sizeBytes, usedAt, sha256: checked } = about;
    return {
      path: String(path),
      sizeBytes: Number(sizeBytes),
      usedAt: Number(usedAt),
      ...(typeof checked === "string" && { sha256: checked }),
    };
  } catch {
    return { path: "a file that was not begun", sizeBytes: 0, usedAt: 0 };
  }
}

async function keptBytesIn(folder: FileSystemDirectoryHandle): Promise<number> {
  let bytes = 0;
  for await (const [name, file] of folder.entries())
    if (/^\d+$/.test(name)) bytes += Math.max(0, (await (file as FileSystemFileHandle).getFile()).size - hashBytes);
  return bytes;
}

const problemOf = (error: unknown): string =>
  `Weights are not kept in this browser (${(error as Error).name === "QuotaExceededError" ? "its storage is full; remove stored runs or models" : (error as Error).message}): they are fetched again the next time`;
