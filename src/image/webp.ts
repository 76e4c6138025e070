import { type Levels, readBmp } from "./bmp.ts";
import { type Decoded, expectDecodable, expectSize } from "./decoded.ts";
import { readWebpHeader, type WebpHeader, withoutExif } from "./webp_header.ts";

/** Bytes a pixel: the engine's picture, its canvas and the BMP file that Deno needs between, and ours. Measured: 17. */
export const webpBytesPerPixel = 20;

/** A WebP's header. @throws Error with one sentence where it is damaged or asks for too much */
export function expectWebp(bytes: Uint8Array): WebpHeader {
  const header = readWebpHeader(bytes);
  const { width, height } = header;
  expectSize(width, height);
  // Before the engine decodes it: a file of a few hundred bytes may claim 16383 x 16383.
  expectDecodable(width, height, width * height * webpBytesPerPixel);
  return header;
}

/**
 * A WebP file by the engine's own decoder, the one format without a decoder here. Measured against
 * Pillow 13 with libwebp 1.6: Deno gives the same levels bit for bit, lossy or lossless, with or without
 * transparency; Chromium the same wherever the picture is opaque, and composed on white at most a level off elsewhere.
 */
export async function decodeWebp(bytes: Uint8Array): Promise<Decoded> {
  const { width, height, hasAlpha, orientation } = expectWebp(bytes);
  if (typeof createImageBitmap === "undefined")
    throw new Error(
      "Expected an engine that decodes WebP, found none (Node has none); convert the picture to PNG or JPEG",
    );
  let levels: Levels;
  try {
    levels = await decodeByEngine(withoutExif(bytes) as Uint8Array<ArrayBuffer>);
  } catch (error) {
    throw new Error("This WebP's compressed data is damaged", { cause: error });
  }
  if (levels.width !== width || levels.height !== height)
    throw new Error(
      `This WebP says that it is ${width} x ${height} pixels large and is ${levels.width} x ${levels.height}; the file is damaged`,
    );
  const rgb = new Uint8Array(width * height * 3);
  const alpha = hasAlpha ? new Uint8Array(width * height) : undefined;
  for (let pixel = 0, from = 0, to = 0; pixel < width * height; pixel++, from += 4) {
    rgb[to++] = levels.rgba[from]!;
    rgb[to++] = levels.rgba[from + 1]!;
    rgb[to++] = levels.rgba[from + 2]!;
    if (alpha) alpha[pixel] = levels.rgba[from + 3]!;
  }
  return { width, height, rgb, alpha, isRgba: hasAlpha, orientation };
}

/** What is used of a canvas's 2-D context. */
interface CanvasContext {
  drawImage(bitmap: ImageBitmap, x: number, y: number): void;
  getImageData(x: number, y: number, width: number, height: number): { data: Levels["rgba"] };
}

async function decodeByEngine(bytes: Uint8Array<ArrayBuffer>): Promise<Levels> {
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/webp" }), { colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  // Deno has no 2-D canvas, and says so in its types.
  const context = canvas.getContext("2d", { willReadFrequently: true }) as CanvasContext | null;
  if (context) {
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return { width, height, rgba: context.getImageData(0, 0, width, height).data };
  }
  // There its pixels come out as a BMP file.
  canvas.getContext("bitmaprenderer")!.transferFromImageBitmap(bitmap);
  const file = await canvas.convertToBlob({ type: "image/bmp" });
  return readBmp(new Uint8Array(await file.arrayBuffer()));
}
