import { exifOrientation } from "./exif.ts";

/** What stands before a JPEG's pixels. */
export interface JpegHeader {
  width: number;
  height: number;
  /** 1 gray, 3 colours, 4 CMYK. */
  components: number;
  /** EXIF orientation; 1 where it names none. */
  orientation: number;
}

/** Walks the segments up to the frame's. @throws Error where there is no frame before the pixels */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  let orientation: number | null = null;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) {
      at++;
      continue;
    }
    const code = bytes[at + 1]!;
    // Fill bytes, and markers that stand alone.
    if (code === 0xff || code === 0 || code === 1 || (code >= 0xd0 && code <= 0xd8)) {
      at += code === 0xff ? 1 : 2;
      continue;
    }
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const body = bytes.subarray(at + 4, at + 2 + length);
    if (code === 0xda || code === 0xd9 || length < 2) break;
    if (code === 0xe1 && String.fromCharCode(...body.subarray(0, 6)) === "Exif\0\0")
      orientation ??= exifOrientation(body.subarray(6));
    // SOF0 to SOF15; DHT, JPG and DAC lie among them.
    if (code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc) {
      if (body.length < 6) break;
      return {
        height: (body[1]! << 8) | body[2]!,
        width: (body[3]! << 8) | body[4]!,
        components: body[5]!,
        orientation: orientation ?? 1,
      };
    }
    at += 2 + length;
  }
  throw new Error("This JPEG says no size before its pixels; the file is not whole");
}
