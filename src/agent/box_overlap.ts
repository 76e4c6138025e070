import type { Box } from "../image/pixels.ts";

/** Shared area of two boxes of one frame over the area of both together, 0 to 1. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const area = ([left, top, right, bottom]: Box) => Math.max(0, right - left) * Math.max(0, bottom - top);
  const shared = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  const union = area(a) + area(b) - shared;
  return union > 0 ? shared / union : 0;
}
