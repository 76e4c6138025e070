import { composeOnWhite, pasteOnWhite } from "./compose.ts";
import type { Decoded } from "./decoded.ts";
import { decodeJpeg } from "./jpeg.ts";
import { kindOfFile } from "./kind_of_file.ts";
import type { Pixels } from "./pixels.ts";
import { decodePng } from "./png.ts";
import { upright } from "./upright.ts";
import { decodeWebp } from "./webp.ts";

/**
 * How a file's picture becomes plain RGB. `white`: any transparency composed on white (transformers 5.24, and so what
 * the models see); `rgb`: transparency dropped (transformers 4.57 and before); `paste`: only RGBA pictures composed
 * (qwen-vl-utils); `upright`: as `rgb`, turned by the EXIF orientation first. The others ignore orientation.
 */
export type Conversion = "rgb" | "white" | "paste" | "upright";

/**
 * Reads a PNG, JPEG or WebP file; PNG as Pillow bit for bit, JPEG as libjpeg-turbo does it for Pillow, both with the
 * same bytes on every engine; WebP by the engine's decoder (see webp.ts). A platform may have a faster way to the same
 * bytes (`PictureDecoder` in platform.ts).
 * @throws Error with one sentence where the file is none of these, is damaged, or claims too many pixels
 */
export async function decode(bytes: Uint8Array): Promise<Decoded> {
  switch (kindOfFile(bytes)) {
    case "PNG":
      return decodePng(bytes);
    case "JPEG":
      return decodeJpeg(bytes);
    case "WEBP":
      return decodeWebp(bytes);
  }
}

/** Decodes and converts at once. */
export async function decodePixels(bytes: Uint8Array, conversion: Conversion = "white"): Promise<Pixels> {
  return convert(await decode(bytes), conversion);
}

export function convert(picture: Decoded, conversion: Conversion): Pixels {
  if (picture.held && (conversion !== "upright" || picture.orientation === 1)) return picture.held;
  const { width, height, rgb, alpha, isRgba, orientation } = picture;
  if (conversion === "white" && alpha) return { width, height, data: composeOnWhite(rgb, alpha) };
  if (conversion === "paste" && alpha && isRgba) return { width, height, data: pasteOnWhite(rgb, alpha) };
  if (conversion === "upright") return upright({ width, height, data: rgb }, orientation);
  return { width, height, data: rgb };
}
