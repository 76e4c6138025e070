import { exifOrientation } from "./exif.ts";

/** What a WebP file says of itself. */
export interface WebpHeader {
  width: number;
  height: number;
  hasAlpha: boolean;
  /** EXIF orientation; 1 where it names none. */
  orientation: number;
}

/** Walks the chunks of the RIFF container (RFC 9649). @throws Error where no picture is described in them */
export function readWebpHeader(bytes: Uint8Array): WebpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: { canvas?: [number, number]; frame?: [number, number]; hasAlpha: boolean; orientation: number } = {
    hasAlpha: false,
    orientation: 1,
  };
  for (let at = 12; at + 8 <= bytes.length; ) {
    const type = String.fromCharCode(...bytes.subarray(at, at + 4));
    const length = view.getUint32(at + 4, true);
    const body = bytes.subarray(at + 8, at + 8 + length);
    const u16 = (from: number) => body[from]! | (body[from + 1]! << 8);
    const u24 = (from: number) => u16(from) | (body[from + 2]! << 16);
    if (type === "VP8X" && body.length >= 10) {
      found.canvas = [1 + u24(4), 1 + u24(7)];
      found.hasAlpha = (body[0]! & 0x10) !== 0;
    } else if (type === "ALPH") found.hasAlpha = true;
    else if (type === "VP8 " && body.length >= 10 && u24(3) === 0x2a019d)
      found.frame ??= [u16(6) & 0x3fff, u16(8) & 0x3fff];
    else if (type === "VP8L" && body.length >= 5 && body[0] === 0x2f) {
      const bits = (u16(1) | (u16(3) << 16)) >>> 0;
      found.frame ??= [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)];
      found.hasAlpha = ((bits >>> 28) & 1) === 1;
    } else if (type === "EXIF") {
      const prefixed = String.fromCharCode(...body.subarray(0, 6)) === "Exif\0\0";
      found.orientation = exifOrientation(prefixed ? body.subarray(6) : body) ?? 1;
    }
    // Chunks begin at even places.
    at += 8 + length + (length & 1);
  }
  const size = found.canvas ?? found.frame;
  if (!size) throw new Error("This WebP says no size; the file is not whole");
  return { width: size[0], height: size[1], hasAlpha: found.hasAlpha, orientation: found.orientation };
}
