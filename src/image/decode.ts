import { composeOnWhite, pasteOnWhite } from "./compose.ts";
import type { Decoded } from "./decoded.ts";
import { decodeJpeg } from "./jpeg.ts";
import type { Pixels } from "./pixels.ts";
import { decodePng } from "./png.ts";
import { upright } from "./upright.ts";

/**
 * How a file's picture becomes plain RGB. `white`: any transparency composed on white (transformers 5.24, and so what
 * the models see); `rgb`: transparency dropped (transformers 4.57 and before); `paste`: only RGBA pictures composed
 * (qwen-vl-utils); `upright`: as `rgb`, turned by the EXIF orientation first. The others ignore orientation.
 */
export type Conversion = "rgb" | "white" | "paste" | "upright";

/**
 * Reads a PNG or JPEG file, the same bytes on every engine; PNG as Pillow bit for bit, JPEG as libjpeg-turbo does it
 * for Pillow.
 * @throws Error with one sentence where the file is neither, is damaged, or promises too many pixels
 */
export async function decode(bytes: Uint8Array): Promise<Decoded> {
  const starts = (...signature: number[]) => signature.every((byte, i) => bytes[i] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return decodePng(bytes);
  if (starts(0xff, 0xd8, 0xff)) return decodeJpeg(bytes);
  throw new Error(`A picture must be a PNG or a JPEG file, found ${whatItIs(bytes)}; convert it first`);
}

/** Decodes and converts at once. */
export async function decodePixels(bytes: Uint8Array, conversion: Conversion = "white"): Promise<Pixels> {
  return convert(await decode(bytes), conversion);
}

export function convert(picture: Decoded, conversion: Conversion): Pixels {
  const { width, height, rgb, alpha, isRgba, orientation } = picture;
  if (conversion === "white" && alpha) return { width, height, data: composeOnWhite(rgb, alpha) };
  if (conversion === "paste" && alpha && isRgba) return { width, height, data: pasteOnWhite(rgb, alpha) };
  if (conversion === "upright") return upright({ width, height, data: rgb }, orientation);
  return { width, height, data: rgb };
}

function whatItIs(bytes: Uint8Array): string {
  if (bytes.length === 0) return "an empty file";
  const text = String.fromCharCode(...bytes.subarray(0, 512));
  if (/<svg|<!DOCTYPE svg/i.test(text)) return "SVG, a drawing without pixels of its own";
  if (/^RIFF....WEBP/s.test(text)) return "a WebP file";
  if (text.startsWith("GIF8")) return "a GIF file";
  if (text.startsWith("BM")) return "a BMP file";
  if (/^....ftyp(avif|heic|heix|mif1)/s.test(text)) return "an AVIF or HEIC file";
  return `a file that begins with the bytes ${[...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
}
