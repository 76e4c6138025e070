import { Crc32 } from "./crc32.ts";

/** One file of an archive to write. */
export interface FileToZip {
  /** With "/" between folders. */
  name: string;
  /** Its content, once. */
  bytes: Uint8Array | AsyncIterable<Uint8Array>;
  /** Whether it gets smaller by that: texts do, weights and pictures do not. */
  deflate: boolean;
}

/** In headers of files that are larger, or lie behind so many bytes, the numbers stand in a field of their own (zip64). */
const most32 = 0xffffffff;
/** Bit 3: sizes and CRC follow the content; bit 11: the name is UTF-8. */
const flags = 0x0808;
const stored = 0;
const deflated = 8;

/**
 * A zip archive, piece by piece (PKWARE's APPNOTE 6.3.9). All files have the sizes of zip64 behind their content, so that
 * nothing needs to be known before it is written.
 */
export async function* writeZip(
  files: AsyncIterable<FileToZip> | Iterable<FileToZip>,
  madeAt: Date,
): AsyncGenerator<Uint8Array> {
  const directory: Uint8Array[] = [];
  let at = 0;
  let count = 0;
  const names = new Set<string>();
  for await (const { name, bytes, deflate } of files) {
    if (names.has(name)) throw new Error(`Two files of the archive are called ${name}`);
    names.add(name);
    const entry: Entry = {
      name: new TextEncoder().encode(name),
      method: deflate ? deflated : stored,
      time: dosTime(madeAt),
      crc: 0,
      packedBytes: 0,
      sizeBytes: 0,
      offset: at,
    };
    const head = localHeader(entry);
    yield head;
    const crc = new Crc32();
    const counted = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
      for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
        crc.add(piece);
        entry.sizeBytes += piece.length;
        yield piece as Uint8Array<ArrayBuffer>;
      }
    };
    for await (const piece of deflate ? packed(counted()) : counted()) {
      entry.packedBytes += piece.length;
      yield piece;
    }
    entry.crc = crc.value;
    const tail = descriptor(entry);
    yield tail;
    at += head.length + entry.packedBytes + tail.length;
    directory.push(centralHeader(entry));
    count++;
  }
  yield* directory;
  const sizeBytes = directory.reduce((sum, { length }) => sum + length, 0);
  yield ends({ count, sizeBytes, at });
}

/** Pieces as a stream, which a Blob takes. */
export const streamOf = (pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> =>
  new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = await pieces.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value as Uint8Array<ArrayBuffer>);
    },
    async cancel() {
      await pieces.return(undefined);
    },
  });

interface Entry {
  name: Uint8Array;
  method: number;
  /** Time and date, as MS-DOS has them. */
  time: number;
  crc: number;
  packedBytes: number;
  sizeBytes: number;
  offset: number;
}

async function* packed(bytes: AsyncGenerator<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array> {
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = await bytes.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  });
  const reader = source.pipeThrough(new CompressionStream("deflate-raw")).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

/** Little-endian numbers, [value, bytes] each, with byte runs between them. */
function written(...parts: ([value: number, lengthBytes: 2 | 4 | 8] | Uint8Array)[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : part[1]), 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      bytes.set(part, at);
      at += part.length;
      continue;
    }
    const [value, size] = part;
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return bytes;
}

/** Version 4.5, the first with zip64. */
const version = 45;

/** The zip64 field says that sizes behind the content have eight bytes. */
const localHeader = ({ name, method, time }: Entry): Uint8Array =>
  written(
    [0x04034b50, 4],
    [version, 2],
    [flags, 2],
    [method, 2],
    [time, 4],
    [0, 4],
    [most32, 4],
    [most32, 4],
    [name.length, 2],
    [20, 2],
    name,
    [1, 2],
    [16, 2],
    [0, 8],
    [0, 8],
  );

const descriptor = ({ crc, packedBytes, sizeBytes }: Entry): Uint8Array =>
  written([0x08074b50, 4], [crc, 4], [packedBytes, 8], [sizeBytes, 8]);

function centralHeader({ name, method, time, crc, packedBytes, sizeBytes, offset }: Entry): Uint8Array {
  const large = [packedBytes, sizeBytes, offset].some((value) => value >= most32);
  const or = (value: number): number => (large ? most32 : value);
  const extra = large ? written([1, 2], [24, 2], [sizeBytes, 8], [packedBytes, 8], [offset, 8]) : new Uint8Array();
  return written(
    [0x02014b50, 4],
    [version, 2],
    [version, 2],
    [flags, 2],
    [method, 2],
    [time, 4],
    [crc, 4],
    [or(packedBytes), 4],
    [or(sizeBytes), 4],
    [name.length, 2],
    [extra.length, 2],
    [0, 2],
    [0, 2],
    [0, 2],
    [0, 4],
    [or(offset), 4],
    name,
    extra,
  );
}

function ends({ count, sizeBytes, at }: { count: number; sizeBytes: number; at: number }): Uint8Array {
  const large = count >= 0xffff || sizeBytes >= most32 || at >= most32;
  const zip64 = large
    ? written(
        [0x06064b50, 4],
        [44, 8],
        [version, 2],
        [version, 2],
        [0, 4],
        [0, 4],
        [count, 8],
        [count, 8],
        [sizeBytes, 8],
        [at, 8],
        [0x07064b50, 4],
        [0, 4],
        [at + sizeBytes, 8],
        [1, 4],
      )
    : new Uint8Array();
  const end = written(
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [Math.min(count, 0xffff), 2],
    [Math.min(count, 0xffff), 2],
    [Math.min(sizeBytes, most32), 4],
    [Math.min(at, most32), 4],
    [0, 2],
  );
  return written(zip64, end);
}

/** Local time in steps of two seconds, from 1980 on: date in the upper 16 bits. */
function dosTime(time: Date): number {
  const year = Math.min(2107, Math.max(1980, time.getFullYear()));
  const date = ((year - 1980) << 9) | ((time.getMonth() + 1) << 5) | time.getDate();
  const clock = (time.getHours() << 11) | (time.getMinutes() << 5) | (time.getSeconds() >> 1);
  return ((date << 16) | clock) >>> 0;
}
