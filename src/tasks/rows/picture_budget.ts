import { convert, decode } from "../../image/decode.ts";
import type { PictureHeader } from "../../image/picture_header.ts";
import type { Pixels } from "../../image/pixels.ts";
import { resize } from "../../image/resize.ts";
import { type SizeLimits, smartResize } from "../../image/smart_resize.ts";
import { webpBytesPerPixel } from "../../image/webp.ts";
import type { PictureDecoder } from "../../platform.ts";

/** Limits of a picture in a run. */
export interface PictureBudget {
  /** How large the model sees it. */
  limits: SizeLimits;
  /** Larger pictures are made this small when they are read, so that crops come from no more; pixels. */
  maxSourcePixels: number;
  /** A row whose pictures need more than this while they are decoded is left out. */
  memoryBytes: number;
}

/** Qwen2.5-VL's own limits (qwen-vl-utils); a source as large as the model could see; a gibibyte a row. */
export const recipeBudget: PictureBudget = {
  limits: { factor: 28, minPixels: 3_136, maxPixels: 12_845_056 },
  maxSourcePixels: 12_845_056,
  memoryBytes: 2 ** 30,
};

/** Bytes per pixel that our own decoders need at most (a progressive JPEG: levels, planes and coefficients), and a fourth colour's. */
const decodedBytesPerPixel = 12;
const fourColourBytesPerPixel = 15;

/** What a picture takes while it is decoded, by its header alone; decoders look closer (see decoded.ts). */
export function decodedBytes({ format, mode, width, height }: PictureHeader): number {
  const perPixel =
    format === "WEBP" ? webpBytesPerPixel : mode === "CMYK" ? fourColourBytesPerPixel : decodedBytesPerPixel;
  return width * height * perPixel;
}

/**
 * The size of a picture as the original of crops. A side shorter than the model's factor is enlarged as qwen-vl-utils
 * does it, since other processors refuse such a picture or lose it; one beyond the budget is reduced.
 * @throws where one side is more than 200 times the other
 */
export function sourceSize(
  { width, height }: { width: number; height: number },
  { limits, maxSourcePixels }: PictureBudget,
): { width: number; height: number; change: "none" | "enlarged" | "reduced" } {
  const modelInput = smartResize(height, width, limits, "qwen-vl-utils");
  if (Math.min(width, height) < limits.factor)
    return { width: modelInput.widthPx, height: modelInput.heightPx, change: "enlarged" };
  if (width * height <= maxSourcePixels) return { width, height, change: "none" };
  const shrink = Math.sqrt((width * height) / maxSourcePixels);
  const shorter = (side: number) => Math.max(limits.factor, Math.floor(side / shrink));
  return { width: shorter(width), height: shorter(height), change: "reduced" };
}

/**
 * Reads a picture at that size. RGBA is put on white, other transparency dropped, EXIF not followed: qwen-vl-utils' way.
 * @param decoder decodes the file; absent: our own code
 */
export async function readPicture(
  bytes: Uint8Array,
  budget: PictureBudget,
  decoder: Pick<PictureDecoder, "decode"> = { decode },
): Promise<{ pixels: Pixels; droppedAlpha: boolean }> {
  const decoded = await decoder.decode(bytes);
  const pixels = convert(decoded, "paste");
  const { width, height, change } = sourceSize(pixels, budget);
  return {
    pixels: change === "none" ? pixels : resize(pixels, width, height),
    droppedAlpha: decoded.alpha !== undefined && !decoded.isRgba,
  };
}
