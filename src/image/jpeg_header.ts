import { exifOrientation } from "./exif.ts";

/** The part of a JPEG before its pixels. */
export interface JpegHeader {
  width: number;
  height: number;
  /** 1 gray, 3 colours, 4 CMYK. */
  components: number;
  /** EXIF orientation; 1 where it names none. */
  orientation: number;
}

/** Reads the segments up to the frame's. @throws Error where there is no frame before the pixels */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  let orientation: number | null = null;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) {
      at++;
      continue;
    }
    const [code = 0, lengthHigh = 0, lengthLow = 0] = bytes.subarray(at + 1, at + 4);
    // Fill bytes, and markers that stand alone.
    if (code === 0xff || code === 0 || code === 1 || (code >= 0xd0 && code <= 0xd8)) {
      at += code === 0xff ? 1 : 2;
      continue;
    }
    const length = (lengthHigh << 8) | lengthLow;
    const body = bytes.subarray(at + 4, at + 2 + length);
    if (code === 0xda || code === 0xd9 || length < 2) break;
    if (code === 0xe1 && String.fromCharCode(...body.subarray(0, 6)) === "Exif\0\0")
      orientation ??= exifOrientation(body.subarray(6));
    // SOF0 to SOF15; DHT, JPG and DAC lie among them.
    if (code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc) {
      const [, heightHigh = 0, heightLow = 0, widthHigh = 0, widthLow = 0, components] = body;
      if (components === undefined) break;
      return {
        height: (heightHigh << 8) | heightLow,
        width: (widthHigh << 8) | widthLow,
        components,
        orientation: orientation ?? 1,
      };
    }
    at += 2 + length;
  }
  throw new Error("This JPEG gives no size before its pixels; the file is not whole");
}
