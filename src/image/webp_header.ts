import { exifOrientation } from "./exif.ts";

/** The header of a WebP file. */
export interface WebpHeader {
  width: number;
  height: number;
  hasAlpha: boolean;
  isLossless: boolean;
  /** EXIF orientation; 1 where it names none. */
  orientation: number;
}

/** A chunk of the RIFF container; `at` is where its name begins. */
interface Chunk {
  type: string;
  at: number;
  body: Uint8Array;
}

/** The file with its chunks begins here. */
const firstChunk = 12;
/** Bytes before the chunks of one of an animation's pictures. */
const frameHeaderBytes = 16;

/**
 * Reads the chunks of the RIFF container (RFC 9649).
 * @throws Error where they describe no picture, or one that is larger than the file says: a decoder would allocate that
 * one
 */
export function readWebpHeader(bytes: Uint8Array): WebpHeader {
  const found: Omit<WebpHeader, "width" | "height"> & { canvas?: Size; frame?: Size } = {
    hasAlpha: false,
    isLossless: false,
    orientation: 1,
  };
  for (const { type, body } of chunks(bytes, firstChunk)) {
    const frame = frameSize(type, body);
    if (type === "VP8X" && body.length >= 10) {
      found.canvas = [1 + u24(body, 4), 1 + u24(body, 7)];
      found.hasAlpha = (body[0]! & 0x10) !== 0;
    } else if (type === "ALPH") found.hasAlpha = true;
    else if (frame) {
      found.frame ??= frame;
      if (type === "VP8L") {
        found.hasAlpha = ((body[4]! >> 4) & 1) === 1;
        found.isLossless = true;
      }
    } else if (type === "EXIF") {
      const prefixed = String.fromCharCode(...body.subarray(0, 6)) === "Exif\0\0";
      found.orientation = exifOrientation(prefixed ? body.subarray(6) : body) ?? 1;
    } else if (type === "ANMF" && body.length >= frameHeaderBytes) expectFrame(body, found.canvas);
  }
  const { canvas, frame, hasAlpha, isLossless, orientation } = found;
  const size = canvas ?? frame;
  if (!size) throw new Error("This WebP gives no size; the file is not whole");
  if (frame && (frame[0] !== size[0] || frame[1] !== size[1]))
    throw new Error(
      `This WebP says that it is ${size.join(" x ")} pixels large and holds a picture of ${frame.join(" x ")}; the file is damaged`,
    );
  return { width: size[0], height: size[1], hasAlpha, isLossless, orientation };
}

/**
 * The same file without EXIF. Pillow and browsers give a WebP's pixels as they are stored; Deno's decoder rotates them by
 * EXIF. Every reader skips a chunk of an unknown name.
 */
export function withoutExif(bytes: Uint8Array): Uint8Array {
  const places = [...chunks(bytes, firstChunk)].filter(({ type }) => type === "EXIF");
  if (places.length === 0) return bytes;
  const copy = bytes.slice();
  for (const { at } of places) copy.set([0x6a, 0x75, 0x6e, 0x6b], at);
  for (const { type, at } of chunks(bytes, firstChunk)) if (type === "VP8X") copy[at + 8] = copy[at + 8]! & ~0x08;
  return copy;
}

type Size = [width: number, height: number];

const u16 = (body: Uint8Array, at: number) => body[at]! | (body[at + 1]! << 8);
const u24 = (body: Uint8Array, at: number) => u16(body, at) | (body[at + 2]! << 16);

function* chunks(bytes: Uint8Array, from: number): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    yield {
      type: String.fromCharCode(...bytes.subarray(at, at + 4)),
      at,
      body: bytes.subarray(at + 8, at + 8 + length),
    };
    // Chunks begin at even offsets.
    at += 8 + length + (length & 1);
  }
}

/** The size in the header of packed pixels; null for other chunks. */
function frameSize(type: string, body: Uint8Array): Size | null {
  if (type === "VP8 " && body.length >= 10 && u24(body, 3) === 0x2a019d)
    return [u16(body, 6) & 0x3fff, u16(body, 8) & 0x3fff];
  if (type !== "VP8L" || body.length < 5 || body[0] !== 0x2f) return null;
  const bits = (u16(body, 1) | (u16(body, 3) << 16)) >>> 0;
  return [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)];
}

/** One picture of an animation must lie inside the canvas, and be as large as it says. */
function expectFrame(body: Uint8Array, canvas: Size | undefined): void {
  const [x, y] = [2 * u24(body, 0), 2 * u24(body, 3)];
  const [width, height] = [1 + u24(body, 6), 1 + u24(body, 9)];
  const sizes = [...chunks(body, frameHeaderBytes)].flatMap((chunk) => {
    const size = frameSize(chunk.type, chunk.body);
    return size ? [size] : [];
  });
  const fits = canvas && x + width <= canvas[0] && y + height <= canvas[1];
  if (!fits || sizes.some((size) => size[0] !== width || size[1] !== height))
    throw new Error("This WebP holds a picture that is larger than it says; the file is damaged");
}
