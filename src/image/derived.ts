import { crop, expectInside } from "./crop.ts";
import type { Box, Pixels } from "./pixels.ts";
import { resize } from "./resize.ts";

/*
 * Pictures that are told by how they come about, and whose bytes are made on this side only where somebody reads them: a
 * device makes the same bytes from the same description.
 */

/** How a picture comes about. */
export type Origin =
  | { kind: "crop"; of: Pixels; box: Box }
  | { kind: "resize"; of: Pixels }
  /** Words as shaders/scene.wgsl reads them. */
  | { kind: "scene"; words: Uint32Array };

const origins = new WeakMap<Pixels, Origin>();

/** How a picture comes about; undefined for one that is nothing but its bytes. */
export const originOf = (pixels: Pixels): Origin | undefined => origins.get(pixels);

/** A picture whose bytes are made when they are first read, and kept. It is copied between threads as bytes. */
export function derived(
  { width, height }: Pick<Pixels, "width" | "height">,
  origin: Origin,
  make: () => Pixels,
): Pixels {
  let data: Uint8Array | null = null;
  const pixels: Pixels = {
    width,
    height,
    get data() {
      data ??= make().data;
      return data;
    },
  };
  origins.set(pixels, origin);
  return pixels;
}

/** `crop`, made where it is read. @throws Error where the box is not of whole pixels inside the picture */
export function cropped(pixels: Pixels, box: Box): Pixels {
  expectInside(box, pixels);
  const [left, top, right, bottom] = box;
  const size = { width: right - left, height: bottom - top };
  return derived(size, { kind: "crop", of: pixels, box }, () => crop(pixels, box));
}

/** `resize`, made where it is read. */
export const resized = (pixels: Pixels, widthPx: number, heightPx: number): Pixels =>
  derived({ width: widthPx, height: heightPx }, { kind: "resize", of: pixels }, () =>
    resize(pixels, widthPx, heightPx),
  );
