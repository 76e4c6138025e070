import type { ByteSource } from "../../tasks/byte_source.ts";
import { Crc32 } from "./crc32.ts";
import { isPlainPath } from "./plain_path.ts";

/** One file of an archive. */
export interface ZippedFile {
  /** With "/" between folders; never absolute, and never out of its folder. */
  name: string;
  sizeBytes: number;
  packedBytes: number;
  /** Whether it lies in the archive as it is. */
  stored: boolean;
  /** Where its local header is. */
  offset: number;
  crc: number;
}

/** More are not an archive that a run needs. */
const mostFiles = 100_000;
const mostDirectoryBytes = 2 ** 26;
/** Of the record at the end, with the longest comment. */
const longestEnd = 22 + 0xffff;

/**
 * The files of an archive by its directory, folders left out. Nothing is unpacked. The archive may come from anybody:
 * names that leave the archive, links, secret or overlapping content and sizes that cannot be are refused.
 * @throws Error with one sentence
 */
export async function readZip(source: ByteSource): Promise<ZippedFile[]> {
  const { count, at, sizeBytes } = await directoryOf(source);
  if (count > mostFiles)
    throw refused(source, `${count.toLocaleString("en")} files, more than ${mostFiles.toLocaleString("en")}`);
  if (sizeBytes > mostDirectoryBytes || at + sizeBytes > source.sizeBytes)
    throw refused(source, "a directory that does not lie in it");
  const bytes = await source.read(at, at + sizeBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const files: ZippedFile[] = [];
  const names = new Set<string>();
  let here = 0;
  for (let i = 0; i < count; i++) {
    if (here + 46 > bytes.length || view.getUint32(here, true) !== 0x02014b50)
      throw refused(source, `a directory that ends after ${i} of ${count} files`);
    const nameLength = view.getUint16(here + 28, true);
    const extraLength = view.getUint16(here + 30, true);
    const next = here + 46 + nameLength + extraLength + view.getUint16(here + 32, true);
    if (next > bytes.length) throw refused(source, `a directory that ends after ${i} of ${count} files`);
    const file = entryAt(source, view, bytes, here);
    if (file !== null) {
      // Systems that do not tell letters' cases apart would write one over the other.
      const key = file.name.normalize("NFC").toLowerCase();
      if (names.has(key)) throw refused(source, `two files called ${file.name}`);
      names.add(key);
      files.push(file);
    }
    here = next;
  }
  const inside = files.find(({ name }) => foldersOf(name.normalize("NFC").toLowerCase()).some((one) => names.has(one)));
  if (inside) throw refused(source, `${inside.name}, whose folder is a file as well`);
  expectApart(source, files, at);
  return files;
}

/** The content of a file, piece by piece, never more than its directory says. @throws Error where it is another */
export async function* unpackFile(source: ByteSource, file: ZippedFile): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const from = await contentAt(source, file);
  const crc = new Crc32();
  let sizeBytes = 0;
  const raw = pieces(source, from, from + file.packedBytes);
  try {
    for await (const piece of file.stored ? raw : inflated(raw)) {
      sizeBytes += piece.length;
      if (sizeBytes > file.sizeBytes) throw refused(source, `more in ${file.name} than its directory says`);
      crc.add(piece);
      yield piece;
    }
  } catch (error) {
    // What a system says of a damaged stream is a TypeError.
    if (error instanceof TypeError) throw refused(source, `damaged content in ${file.name} (${error.message})`);
    throw error;
  }
  if (sizeBytes !== file.sizeBytes || crc.value !== file.crc)
    throw refused(source, `damaged content in ${file.name}: its size or checksum is another than its directory says`);
}

/** The same at once. @param mostBytes  of what is unpacked */
export async function unpackWhole(
  source: ByteSource,
  file: ZippedFile,
  mostBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (file.sizeBytes > mostBytes)
    throw refused(
      source,
      `${file.sizeBytes.toLocaleString("en")} bytes in ${file.name}, more than ${mostBytes.toLocaleString("en")}`,
    );
  const bytes = new Uint8Array(file.sizeBytes);
  let at = 0;
  for await (const piece of unpackFile(source, file)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Where the content of a file lies, for one that is stored. */
export async function contentAt(source: ByteSource, { name, offset, packedBytes }: ZippedFile): Promise<number> {
  if (offset + 30 > source.sizeBytes) throw refused(source, `no content of ${name}`);
  const head = await source.read(offset, offset + 30);
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (view.getUint32(0, true) !== 0x04034b50) throw refused(source, `no content of ${name}`);
  const at = offset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (at + packedBytes > source.sizeBytes) throw refused(source, `no content of ${name}`);
  return at;
}

/** a/b/c lies in a and a/b. */
const foldersOf = (name: string): string[] => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index));

const refused = ({ name }: ByteSource, found: string): Error =>
  new Error(`${name} cannot be unpacked: found ${found}; it is damaged, or no archive that should be opened`);

function entryAt(source: ByteSource, view: DataView, bytes: Uint8Array, at: number): ZippedFile | null {
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const name = nameIn(source, bytes.subarray(at + 46, at + 46 + nameLength));
  // The upper half of the attributes is Unix' mode: 0o120000 is a link, 0o040000 a folder.
  const kind = (view.getUint32(at + 38, true) >>> 16) & 0o170000;
  if (![0, 0o100000, 0o040000].includes(kind))
    throw refused(source, `${name}, a link or another thing that is no file`);
  if (name.endsWith("/")) return null;
  const flags = view.getUint16(at + 8, true);
  if (flags & 0x2041) throw refused(source, `${name} under a password`);
  const method = view.getUint16(at + 10, true);
  if (method !== 0 && method !== 8)
    throw refused(source, `${name} packed in a way that is not read here (method ${method}; stored and deflate are)`);
  let packedBytes = view.getUint32(at + 20, true);
  let sizeBytes = view.getUint32(at + 24, true);
  let offset = view.getUint32(at + 42, true);
  const wide = wideNumbers(view, at + 46 + nameLength, extraLength);
  const take = (value: number): number => (value === 0xffffffff ? (wide.shift() ?? Number.NaN) : value);
  sizeBytes = take(sizeBytes);
  packedBytes = take(packedBytes);
  offset = take(offset);
  const ok = [packedBytes, sizeBytes, offset].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (!ok || offset + packedBytes > source.sizeBytes) throw refused(source, `sizes of ${name} that cannot be`);
  if (method === 0 && packedBytes !== sizeBytes) throw refused(source, `sizes of ${name} that cannot be`);
  // Deflate reaches 1032 to 1.
  if (sizeBytes > packedBytes * 1032 + 64) throw refused(source, `sizes of ${name} that cannot be`);
  return { name, sizeBytes, packedBytes, stored: method === 0, offset, crc: view.getUint32(at + 16, true) };
}

/** The eight-byte numbers of the zip64 field: size, packed size, offset, those that are needed. */
function wideNumbers(view: DataView, at: number, length: number): number[] {
  for (let here = at; here + 4 <= at + length; ) {
    const size = view.getUint16(here + 2, true);
    if (here + 4 + size > at + length) return [];
    if (view.getUint16(here, true) === 1)
      return Array.from({ length: size >> 3 }, (_, i) => Number(view.getBigUint64(here + 4 + 8 * i, true)));
    here += 4 + size;
  }
  return [];
}

function nameIn(source: ByteSource, bytes: Uint8Array): string {
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refused(source, "a file's name that is not UTF-8");
  }
  if (!isPlainPath(name.replace(/\/$/, "")))
    throw refused(
      source,
      `the name ${JSON.stringify(name.slice(0, 80))}, which not every system can write inside of a folder`,
    );
  return name;
}

/** Content that several files share lets a small archive unpack to anything. */
function expectApart(source: ByteSource, files: readonly ZippedFile[], directoryAt: number): void {
  const byOffset = [...files].sort((a, b) => a.offset - b.offset);
  for (const [i, { name, offset, packedBytes }] of byOffset.entries())
    if (offset + 30 + packedBytes > (byOffset[i + 1]?.offset ?? directoryAt))
      throw refused(source, `${name} over the next file's place`);
}

async function directoryOf(source: ByteSource): Promise<{ count: number; sizeBytes: number; at: number }> {
  const from = Math.max(0, source.sizeBytes - longestEnd);
  const bytes = await source.read(from, source.sizeBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let end = bytes.length - 22;
  while (
    end >= 0 &&
    !(view.getUint32(end, true) === 0x06054b50 && end + 22 + view.getUint16(end + 20, true) === bytes.length)
  )
    end--;
  if (end < 0)
    throw new Error(
      `Expected a zip archive in ${source.name}, found none, or only the beginning of one; download it again`,
    );
  const count = view.getUint16(end + 10, true);
  const sizeBytes = view.getUint32(end + 12, true);
  const at = view.getUint32(end + 16, true);
  if (count !== 0xffff && sizeBytes !== 0xffffffff && at !== 0xffffffff) return { count, sizeBytes, at };
  if (from + end < 20) throw refused(source, "no end of its directory");
  const locator = await source.read(from + end - 20, from + end);
  const where = new DataView(locator.buffer, locator.byteOffset, locator.length);
  if (where.getUint32(0, true) !== 0x07064b50) return { count, sizeBytes, at };
  const wideAt = Number(where.getBigUint64(8, true));
  if (wideAt + 56 > source.sizeBytes) throw refused(source, "no end of its directory");
  const wide = await source.read(wideAt, wideAt + 56);
  const numbers = new DataView(wide.buffer, wide.byteOffset, wide.length);
  if (numbers.getUint32(0, true) !== 0x06064b50) throw refused(source, "no end of its directory");
  const read = (place: number): number => Number(numbers.getBigUint64(place, true));
  return { count: read(32), sizeBytes: read(40), at: read(48) };
}

/** Bytes that are read at once. */
const pieceBytes = 2 ** 20;

async function* pieces(source: ByteSource, from: number, to: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = from; at < to; at += pieceBytes) yield await source.read(at, Math.min(to, at + pieceBytes));
}

async function* inflated(bytes: AsyncGenerator<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = await bytes.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  });
  const reader = stream.pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => {});
  }
}
