import type { Box, Pixels } from "../../../image/pixels.ts";

type Size = Pick<Pixels, "width" | "height">;

/** Moved, but not out of the picture. */
export function moved([left, top, right, bottom]: Box, x: number, y: number, { width, height }: Size): Box {
  const across = Math.min(width - right, Math.max(-left, x));
  const down = Math.min(height - bottom, Math.max(-top, y));
  return [left + across, top + down, right + across, bottom + down];
}

/** Its right and lower edge moved; it keeps a pixel, and stays inside. */
export function resized([left, top, right, bottom]: Box, x: number, y: number, { width, height }: Size): Box {
  const edge = (from: number, to: number, most: number) => Math.min(most, Math.max(from + 1, to));
  return [left, top, edge(left, right + x, width), edge(top, bottom + y, height)];
}

/** Between two corners, of at least a pixel. */
export function spanned(
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  { width, height }: Size,
): Box {
  const side = (a: number, b: number, most: number): [number, number] => {
    const from = Math.min(a, b, most - 1);
    return [from, Math.max(a, b, from + 1)];
  };
  const [left, right] = side(x1, x2, width);
  const [top, bottom] = side(y1, y2, height);
  return [left, top, right, bottom];
}
