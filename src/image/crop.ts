import { readerOf } from "./held.ts";
import type { Box, Pixels } from "./pixels.ts";

/** @throws Error where a box is not of whole pixels inside a picture */
export function expectInside(box: Box, { width, height }: Pick<Pixels, "width" | "height">): void {
  const [left, top, right, bottom] = box;
  const fits = left >= 0 && top >= 0 && right <= width && bottom <= height && left < right && top < bottom;
  if (!fits || !box.every(Number.isInteger))
    throw new Error(
      `A crop needs a box [left, top, right, bottom] of whole pixels inside the ${width} x ${height} picture, found [${box.join(", ")}]`,
    );
}

/** The part of a picture inside a box of whole pixels, copied; of one that is held elsewhere (held.ts), read from there. */
export function crop(pixels: Pixels, box: Box): Pixels {
  expectInside(box, pixels);
  const [left, top, right, bottom] = box;
  const read = readerOf(pixels);
  if (read) return { width: right - left, height: bottom - top, data: read(box) };
  const { width, data } = pixels;
  const rowBytes = (right - left) * 3;
  const out = new Uint8Array((bottom - top) * rowBytes);
  for (let row = top; row < bottom; row++) {
    const from = (row * width + left) * 3;
    out.set(data.subarray(from, from + rowBytes), (row - top) * rowBytes);
  }
  return { width: right - left, height: bottom - top, data: out };
}
