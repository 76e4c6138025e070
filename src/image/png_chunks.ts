/** A PNG's chunks, its pixels still packed. */
export interface PngChunks {
  header: { width: number; height: number; depth: number; colourType: number; interlaced: boolean };
  palette?: Uint8Array;
  transparency?: Uint8Array;
  /** [start, end) of each range of packed pixels in the file. */
  data: [number, number][];
  exif?: Uint8Array;
}

/** A picture of the largest size that is decoded has fewer, in the smallest chunks that anyone writes. */
const maxChunks = 200_000;

/**
 * Reads the chunks that matter. Texts and profiles, packed themselves, are skipped; so are an animation's further
 * pictures.
 * @throws Error with one sentence
 */
export function readChunks(bytes: Uint8Array): PngChunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Partial<PngChunks> & { data: [number, number][] } = { data: [] };
  let chunks = 0;
  for (let at = 8; at + 8 <= bytes.length; ) {
    if (++chunks > maxChunks)
      throw new Error(`This PNG has more than ${maxChunks} chunks, which no picture needs; save it again`);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (end > bytes.length) throw new Error(`This PNG ends inside its ${type} chunk; the file is not whole`);
    const body = bytes.subarray(at + 8, end);
    // The pixels have a check sum of their own, inside the compressed data.
    if (type !== "IDAT" && isCritical(type)) {
      if (end + 4 > bytes.length || view.getUint32(end) !== crc32(bytes.subarray(at + 4, end)))
        throw new Error(`This PNG's ${type} chunk does not match its check sum; the file is damaged`);
    }
    if (type === "IHDR") found.header = readHeader(body);
    else if (!found.header) throw new Error(`A PNG must begin with IHDR, found ${type}; the file is damaged`);
    else if (type === "PLTE") found.palette = body;
    else if (type === "tRNS") found.transparency = body;
    else if (type === "IDAT") found.data.push([at + 8, end]);
    else if (type === "eXIf") found.exif = body;
    else if (type === "IEND") break;
    at = end + 4;
  }
  if (!found.header || found.data.length === 0) throw new Error("This PNG holds no pixels; the file is not whole");
  return found as PngChunks;
}

function isCritical(type: string): boolean {
  const [first = ""] = type;
  return first === first.toUpperCase();
}

function readHeader(body: Uint8Array): PngChunks["header"] {
  if (body.length < 13) throw new Error("This PNG's IHDR chunk is too short; the file is damaged");
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const [depth = 0, colourType = 0, , , interlace] = body.subarray(8);
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth,
    colourType,
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
