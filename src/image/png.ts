import { type Decoded, expectDecodable, expectSize } from "./decoded.ts";
import { exifOrientation } from "./exif.ts";
import { inflate, maxInflation } from "./inflate.ts";
import { type PngChunks, readChunks } from "./png_chunks.ts";
import {
  type ColourType,
  hasAlpha,
  isRgba,
  type Levels,
  type PngColours,
  type PutRow,
  rowWriter,
} from "./png_colour.ts";
import { unfilter } from "./png_filter.ts";

/** Bits of a sample that each colour type may have, and its samples per pixel. */
const layouts: Record<number, { colour: ColourType; depths: readonly number[]; channels: number }> = {
  0: { colour: "gray", depths: [1, 2, 4, 8, 16], channels: 1 },
  2: { colour: "rgb", depths: [8, 16], channels: 3 },
  3: { colour: "palette", depths: [1, 2, 4, 8], channels: 1 },
  4: { colour: "gray-alpha", depths: [8, 16], channels: 2 },
  6: { colour: "rgba", depths: [8, 16], channels: 4 },
};

/** Where each of Adam7's passes begins, and its steps. */
const adam7 = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];
const whole = [{ x: 0, y: 0, dx: 1, dy: 1 }];

/** One of a picture's passes, with the size of its rows. */
type Pass = (typeof adam7)[number] & { columns: number; rows: number; rowBytes: number };

/** A PNG file whose headers have been read and whose size may be decoded. */
export interface PngFile extends PngChunks {
  colours: PngColours;
  channels: number;
  passes: Pass[];
  /** Of the pixels with their rows' filters, unpacked and packed. */
  rawBytes: number;
  packedBytes: number;
}

/** Reads a PNG's headers. @throws Error with one sentence where they are damaged or ask for too much */
export function openPng(bytes: Uint8Array): PngFile {
  const chunks = readChunks(bytes);
  const { header, palette, transparency, data } = chunks;
  const { width, height, depth, interlaced } = header;
  expectSize(width, height);
  const layout = layouts[header.colourType];
  if (!layout?.depths.includes(depth))
    throw new Error(
      `This PNG has colour type ${header.colourType} with ${depth} bits, which the format does not know; the file is damaged`,
    );
  if (layout.colour === "palette" && !palette) throw new Error("This PNG needs a palette and has none; it is damaged");
  const { channels } = layout;
  const bitsPerPixel = channels * depth;

  const passes: Pass[] = (interlaced ? adam7 : whole)
    .map((pass) => ({
      ...pass,
      columns: Math.ceil((width - pass.x) / pass.dx),
      rows: Math.ceil((height - pass.y) / pass.dy),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0)
    .map((pass) => ({ ...pass, rowBytes: Math.ceil((pass.columns * bitsPerPixel) / 8) }));
  const rawBytes = passes.reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0);
  const packedBytes = data.reduce((sum, [start, end]) => sum + end - start, 0);
  if (rawBytes > packedBytes * maxInflation)
    throw new Error(
      `This PNG says that it is ${width} x ${height} pixels large, too many for its ${packedBytes} bytes of them; the file is not whole`,
    );
  const colours = { colour: layout.colour, depth, palette, transparency };
  // The picture, once more where it will be composed on white, two rows of the file and one of samples.
  const longestRow = Math.max(...passes.map(({ rowBytes }) => rowBytes));
  const bytesPerPixel = hasAlpha(colours) ? 7 : 3;
  expectDecodable(width, height, width * height * bytesPerPixel + 2 * longestRow + width * channels * 2);
  return { ...chunks, colours, channels, passes, rawBytes, packedBytes };
}

/**
 * A PNG file with the levels that Pillow gives. Gamma, profiles and sRGB chunks are ignored, as there. Rows are
 * converted as they are unpacked: only two of them are in memory beside the picture, and bytes behind the last row are
 * never unpacked.
 */
export async function decodePng(bytes: Uint8Array): Promise<Decoded> {
  const { header, colours, channels, passes, rawBytes, data, exif } = openPng(bytes);
  const { width, height, depth } = header;
  const levels: Levels = {
    rgb: new Uint8Array(width * height * 3),
    ...(hasAlpha(colours) ? { alpha: new Uint8Array(width * height) } : {}),
  };
  const rows = rowTaker(
    passes,
    width,
    { depth, channels, pixelBytes: Math.max(1, (channels * depth) >> 3) },
    rowWriter(colours, levels),
  );
  await inflate(bytes as Uint8Array<ArrayBuffer>, data, rows.take);
  if (rows.taken() < rawBytes)
    throw new Error(`This picture's data ends after ${rows.taken()} of ${rawBytes} bytes; the file is not whole`);
  return { width, height, ...levels, isRgba: isRgba(colours), orientation: (exif && exifOrientation(exif)) ?? 1 };
}

/** Cuts pieces of unpacked bytes into rows, undoes their filters and passes on their samples. */
function rowTaker(
  passes: readonly Pass[],
  width: number,
  { depth, channels, pixelBytes }: { depth: number; channels: number; pixelBytes: number },
  put: PutRow,
): { take(piece: Uint8Array): boolean; taken(): number } {
  let pass = 0;
  let row = 0;
  let filled = 0;
  let taken = 0;
  let current = passes[pass];
  let [line, above] = linesFor(current);
  const samples = depth === 16 ? new Uint16Array(width * channels) : new Uint8Array(depth < 8 ? width : 0);
  const endRow = ({ x, y, dx, dy, columns, rows }: Pass) => {
    unfilter(line, above, pixelBytes);
    put(
      depth === 8 ? line.subarray(1) : spread(line, depth, columns * channels, samples),
      columns,
      (y + row * dy) * width + x,
      dx,
    );
    [line, above] = [above, line];
    filled = 0;
    if (++row < rows) return;
    row = 0;
    current = passes[++pass];
    [line, above] = linesFor(current);
  };
  return {
    take: (piece) => {
      for (let from = 0; from < piece.length && current; ) {
        const count = Math.min(line.length - filled, piece.length - from);
        line.set(piece.subarray(from, from + count), filled);
        from += count;
        filled += count;
        taken += count;
        if (filled === line.length) endRow(current);
      }
      return current !== undefined;
    },
    taken: () => taken,
  };
}

/** Two rows of a pass with their filters' numbers; empty behind the last pass. */
function linesFor(pass: Pass | undefined): [Uint8Array, Uint8Array] {
  const bytes = pass ? 1 + pass.rowBytes : 0;
  return [new Uint8Array(bytes), new Uint8Array(bytes)];
}

/** A row's samples of 16 bits, or of fewer than 8, one by one; its filter's number comes before them. */
function spread<T extends Uint8Array | Uint16Array>(line: Uint8Array, depth: number, count: number, into: T): T {
  if (depth === 16) {
    for (let i = 0, from = 1; i < count; i++, from += 2) into[i] = (line[from]! << 8) | line[from + 1]!;
    return into;
  }
  const mask = (1 << depth) - 1;
  for (let i = 0, bit = 8; i < count; i++, bit += depth) into[i] = (line[bit >> 3]! >> (8 - depth - (bit & 7))) & mask;
  return into;
}
