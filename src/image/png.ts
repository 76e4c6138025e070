import { type Decoded, expectSize } from "./decoded.ts";
import { exifOrientation } from "./exif.ts";
import { inflate } from "./inflate.ts";
import { type ColourType, type PngSamples, pngToRgb } from "./png_colour.ts";
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
/** No byte of a zlib stream unpacks to more than this many. */
const mostInflated = 1032;

const whole = [{ x: 0, y: 0, dx: 1, dy: 1 }];

/** A PNG file with the levels that Pillow gives. Gamma, profiles and sRGB chunks are ignored, as there. */
export async function decodePng(bytes: Uint8Array): Promise<Decoded> {
  const { header, palette, transparency, data, exif } = readChunks(bytes);
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

  const passes = (interlaced ? adam7 : whole)
    .map((pass) => ({
      ...pass,
      columns: Math.ceil((width - pass.x) / pass.dx),
      rows: Math.ceil((height - pass.y) / pass.dy),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0)
    .map((pass) => ({ ...pass, rowBytes: Math.ceil((pass.columns * bitsPerPixel) / 8) }));
  const rawBytes = passes.reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0);
  const packedBytes = data.reduce((sum, part) => sum + part.length, 0);
  if (rawBytes > packedBytes * mostInflated)
    throw new Error(
      `This PNG says that it is ${width} x ${height} pixels large, too many for its ${packedBytes} bytes of them; the file is not whole`,
    );
  const raw = await inflate(data, rawBytes);

  const samples = depth === 16 ? new Uint16Array(width * height * channels) : new Uint8Array(width * height * channels);
  let from = 0;
  for (const { x, y, dx, dy, columns, rows, rowBytes } of passes) {
    const lines = unfilter(raw.subarray(from, from + rows * (1 + rowBytes)), rowBytes, Math.max(1, bitsPerPixel >> 3));
    from += rows * (1 + rowBytes);
    for (let row = 0; row < rows; row++)
      unpack(
        lines.subarray(row * rowBytes, (row + 1) * rowBytes),
        depth,
        columns,
        channels,
        samples,
        ((y + row * dy) * width + x) * channels,
        dx * channels,
      );
  }
  const picture: PngSamples = { colour: layout.colour, depth, samples, palette, transparency };
  return { width, height, ...pngToRgb(picture), orientation: (exif && exifOrientation(exif)) ?? 1 };
}

/** Spreads one row's samples over the picture: sample c of column i goes to `to + i * step + c`. */
function unpack(
  row: Uint8Array,
  depth: number,
  columns: number,
  channels: number,
  into: Uint8Array | Uint16Array,
  to: number,
  step: number,
): void {
  if (depth === 8) {
    for (let i = 0, from = 0; i < columns; i++, to += step)
      for (let c = 0; c < channels; c++) into[to + c] = row[from++]!;
  } else if (depth === 16) {
    for (let i = 0, from = 0; i < columns; i++, to += step)
      for (let c = 0; c < channels; c++, from += 2) into[to + c] = (row[from]! << 8) | row[from + 1]!;
  } else {
    const mask = (1 << depth) - 1;
    for (let i = 0, bit = 0; i < columns; i++, to += step, bit += depth)
      into[to] = (row[bit >> 3]! >> (8 - depth - (bit & 7))) & mask;
  }
}

interface Chunks {
  header: { width: number; height: number; depth: number; colourType: number; interlaced: boolean };
  palette?: Uint8Array;
  transparency?: Uint8Array;
  data: Uint8Array<ArrayBuffer>[];
  exif?: Uint8Array;
}

function readChunks(bytes: Uint8Array): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Partial<Chunks> & { data: Uint8Array<ArrayBuffer>[] } = { data: [] };
  for (let at = 8; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (end > bytes.length) throw new Error(`This PNG ends inside its ${type} chunk; the file is not whole`);
    const body = bytes.subarray(at + 8, end) as Uint8Array<ArrayBuffer>;
    // The pixels have a check sum of their own, inside the compressed data.
    if (type !== "IDAT" && isCritical(type)) {
      if (end + 4 > bytes.length || view.getUint32(end) !== crc32(bytes.subarray(at + 4, end)))
        throw new Error(`This PNG's ${type} chunk does not match its check sum; the file is damaged`);
    }
    if (type === "IHDR") found.header = readHeader(body);
    else if (!found.header) throw new Error(`A PNG must begin with IHDR, found ${type}; the file is damaged`);
    else if (type === "PLTE") found.palette = body;
    else if (type === "tRNS") found.transparency = body;
    else if (type === "IDAT") found.data.push(body);
    else if (type === "eXIf") found.exif = body;
    else if (type === "IEND") break;
    at = end + 4;
  }
  if (!found.header || found.data.length === 0) throw new Error("This PNG holds no pixels; the file is not whole");
  return found as Chunks;
}

const isCritical = (type: string) => type[0] === type[0]!.toUpperCase();

function readHeader(body: Uint8Array): Chunks["header"] {
  if (body.length < 13) throw new Error("This PNG's IHDR chunk is too short; the file is damaged");
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const [depth, colourType, , , interlace] = body.subarray(8);
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: depth!,
    colourType: colourType!,
    interlaced: interlace === 1,
  };
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

function crc32(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = crcTable[(rest ^ byte) & 255]! ^ (rest >>> 8);
  return ~rest >>> 0;
}
