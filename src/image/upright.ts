import type { Pixels } from "./pixels.ts";

/** Turns and mirrors a picture as its EXIF orientation (1 to 8) asks; other values leave it as it is. */
export function upright(pixels: Pixels, orientation: number): Pixels {
  const { width: W, height: H, data } = pixels;
  const swaps = orientation >= 5 && orientation <= 8;
  const [width, height] = swaps ? [H, W] : [W, H];
  // Where the pixel at (x, y) of the upright picture lies in the file's.
  const source: ((x: number, y: number) => number) | undefined = {
    2: (x: number, y: number) => y * W + (W - 1 - x),
    3: (x: number, y: number) => (H - 1 - y) * W + (W - 1 - x),
    4: (x: number, y: number) => (H - 1 - y) * W + x,
    5: (x: number, y: number) => x * W + y,
    6: (x: number, y: number) => (H - 1 - x) * W + y,
    7: (x: number, y: number) => (H - 1 - x) * W + (W - 1 - y),
    8: (x: number, y: number) => x * W + (W - 1 - y),
  }[orientation];
  if (!source) return pixels;
  const out = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = source(x, y) * 3;
      out[to++] = data[from]!;
      out[to++] = data[from + 1]!;
      out[to++] = data[from + 2]!;
    }
  return { width, height, data: out };
}
