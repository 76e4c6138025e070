/** Files that are small and promise or hold far more than they should, made here because they are too large to keep. */

import { parquetWriteBuffer } from "hyparquet-writer";

const ascii = (text: string) => new TextEncoder().encode(text);

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A zlib stream of zeros. */
async function zeros(bytes: number): Promise<Uint8Array> {
  const piece = new Uint8Array(1 << 20);
  let left = bytes;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => {
      if (left <= 0) return controller.close();
      controller.enqueue(piece.slice(0, Math.min(left, piece.length)));
      left -= piece.length;
    },
  });
  const packed = source.pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = joined([new Uint8Array(4), ascii(type), body, new Uint8Array(4)]);
  const view = new DataView(out.buffer);
  view.setUint32(0, body.length);
  let rest = 0xffffffff;
  for (const byte of out.subarray(4, out.length - 4)) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  }
  view.setUint32(out.length - 4, ~rest >>> 0);
  return out;
}

/** A PNG of any size and kind whose pixels are zeros, `more` bytes of them behind the last row. */
export async function pngOf(
  width: number,
  height: number,
  {
    depth = 8,
    colourType = 2,
    more = 0,
    between = [],
  }: { depth?: number; colourType?: number; more?: number; between?: Uint8Array[] } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const channels = { 0: 1, 2: 3, 4: 2, 6: 4 }[colourType]!;
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([depth, colourType], 8);
  const raw = height * (1 + Math.ceil((width * channels * depth) / 8));
  return joined([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    ...between,
    // Its check sum is not looked at.
    dataChunk(await zeros(raw + more)),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function dataChunk(body: Uint8Array): Uint8Array {
  const out = joined([new Uint8Array(4), ascii("IDAT"), body, new Uint8Array(4)]);
  new DataView(out.buffer).setUint32(0, body.length);
  return out;
}

/** Empty chunks that are not needed. */
export const emptyChunks = (count: number): Uint8Array[] => [
  joined(Array.from({ length: count }, () => Uint8Array.of(0, 0, 0, 0, 0x74, 0x45, 0x58, 0x74, 0, 0, 0, 0))),
];

/**
 * A gray progressive JPEG whose scans say of long runs of blocks that there is nothing in them: a few bytes for each
 * look at the whole picture.
 */
export function jpegOf(side: number, scans: number): Uint8Array<ArrayBuffer> {
  const segment = (code: number, ...body: number[]) => {
    const length = body.length + 2;
    return Uint8Array.of(0xff, code, length >> 8, length & 255, ...body);
  };
  const blocks = Math.ceil(side / 8) ** 2;
  // One code of one bit in each table: a difference of 0, and a run of 16384 to 32767 empty blocks (14 more bits).
  const tables = [0x00, 0x10].map((slot) => segment(0xc4, slot, 1, ...new Array(15).fill(0), slot ? 0xe0 : 0));
  const first = joined([segment(0xda, 1, 1, 0, 0, 0, 0), new Uint8Array(Math.ceil(blocks / 8))]);
  const runs = Math.ceil(blocks / 16384);
  // A bit 0 for the code and 14 zeros: a run of 16384.
  const empty = joined([segment(0xda, 1, 1, 0, 1, 63, 0), new Uint8Array(Math.ceil((runs * 15) / 8))]);
  return joined([
    Uint8Array.of(0xff, 0xd8),
    segment(0xdb, 0, ...new Array(64).fill(1)),
    segment(0xc2, 8, side >> 8, side & 255, side >> 8, side & 255, 1, 1, 0x11, 0),
    ...tables,
    first,
    ...new Array(scans).fill(empty),
    Uint8Array.of(0xff, 0xd9),
  ]);
}

/** A lossless WebP's header that promises a size, with one colour behind it. */
export function webpOf(width: number, height: number): Uint8Array<ArrayBuffer> {
  const bits = ((width - 1) | ((height - 1) << 14)) >>> 0;
  const pixels = Uint8Array.of(0x2f, bits & 255, (bits >> 8) & 255, (bits >> 16) & 255, bits >>> 24, 0x88, 0x88, 0x08);
  const out = joined([ascii("RIFF"), new Uint8Array(4), ascii("WEBPVP8L"), new Uint8Array(4), pixels]);
  new DataView(out.buffer).setUint32(4, out.length - 8, true);
  new DataView(out.buffer).setUint32(16, pixels.length, true);
  return out;
}

/**
 * A frame of Zstandard whose one block says that it holds so many sequences.
 * @param codes the one symbol of each code (lengths of literals, offsets, matches); absent for the usual codes
 * @param bits what the sequences are read from, the last byte with its mark
 */
export function zstdOfSequences(
  count: number,
  codes: readonly number[] = [],
  bits: readonly number[] = [1],
  literals: readonly number[] = [1],
): Uint8Array<ArrayBuffer> {
  const many = count - 0x7f00;
  const counted = count < 128 ? [count] : [255, many & 255, many >> 8];
  const block = [literals.length << 3, ...literals, ...counted, codes.length > 0 ? 0x54 : 0, ...codes, ...bits];
  const header = (block.length << 3) | 5;
  // A window of 2 MiB.
  return Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, header & 255, header >> 8, 0, ...block);
}

/** A parquet file in DeepEyes' layout whose pages are packed as `pack` does it. */
export function parquetOfPages(
  codec: "ZSTD" | "BROTLI" | "SNAPPY",
  pack: (page: Uint8Array) => Uint8Array,
  { rows = 1, pageSize = 1 << 20 } = {},
): Uint8Array<ArrayBuffer> {
  const texts = (of: (row: number) => string) => Array.from({ length: rows }, (_, i) => of(i));
  return new Uint8Array(
    parquetWriteBuffer({
      codec,
      compressors: { [codec]: pack },
      pageSize,
      columnData: [
        { name: "prompt", type: "STRING", data: texts(() => "Which?"), encoding: "PLAIN" },
        { name: "reward_model", type: "STRING", data: texts((i) => `answer ${i}`), encoding: "PLAIN" },
      ],
    }),
  );
}

/** Brotli that packs nothing, in a window of 16 MiB. */
export function brotliStored(bytes: Uint8Array): Uint8Array {
  const header = 0b1111 + (0 << 4) + ((bytes.length - 1) << 7) + 2 ** 23;
  return joined([Uint8Array.of(header & 255, (header >> 8) & 255, header >> 16), bytes, Uint8Array.of(3)]);
}
