import type { Box } from "../../../../image/pixels.ts";

/** What a canvas gave back is not what was put there: fingerprint protection, or a surface that the browser lost. */
export class CanvasAltered extends Error {}

/** What is used of a canvas; a test has others. */
export interface Canvas {
  getContext(kind: "2d", settings: CanvasRenderingContext2DSettings): CanvasContext | null;
}

export type CanvasContext = Pick<
  OffscreenCanvasRenderingContext2D,
  "drawImage" | "getImageData" | "putImageData" | "clearRect" | "imageSmoothingEnabled"
>;

/** What is read at a time at most: far below every browser's largest canvas, and it stays in a processor's cache. */
const [partWidth, partRows] = [2048, 128];
/** Rows of random levels above each part, put there and read with it: what is altered in a canvas, is altered there as well. */
const guardRows = 4;

/**
 * Reads whole pixels of opaque bitmaps through one small canvas, part by part, and looks at each part for signs that
 * the canvas does not give back what it was given.
 */
export class CanvasReader {
  readonly #context: CanvasContext;
  readonly #guard: ImageData;

  /** @throws Error where there is no canvas with a 2-D context */
  constructor(canvasOf: (width: number, height: number) => Canvas) {
    const context = canvasOf(partWidth, guardRows + partRows).getContext("2d", {
      willReadFrequently: true,
      colorSpace: "srgb",
    });
    if (!context) throw new Error("this browser gives no 2-D canvas");
    this.#context = context;
    this.#guard = new ImageData(partWidth, guardRows);
    // Every level is as likely as another. They need not be the same in every visit: nothing is made of them.
    crypto.getRandomValues(this.#guard.data);
    for (let at = 3; at < this.#guard.data.length; at += 4) this.#guard.data[at] = 255;
  }

  /**
   * The pixels inside a box, (height, width, 3).
   * @throws CanvasAltered where they cannot be what the bitmap holds
   */
  read(bitmap: CanvasImageSource, [left, top, right, bottom]: Box): Uint8Array<ArrayBuffer> {
    const width = right - left;
    const rgb = new Uint8Array(width * (bottom - top) * 3);
    for (let x = left; x < right; x += partWidth) {
      const columns = Math.min(partWidth, right - x);
      for (let y = top; y < bottom; y += partRows) {
        const rows = Math.min(partRows, bottom - y);
        const words = this.#part(bitmap, { x, y, columns, rows });
        let alpha = 0xff000000;
        for (let row = 0; row < rows; row++)
          alpha &= pack(words, (guardRows + row) * columns, columns, {
            rgb,
            to: ((y - top + row) * width + x - left) * 3,
          });
        if (alpha >>> 24 !== 255) throw new CanvasAltered("an opaque picture came out of a canvas transparent");
      }
    }
    return rgb;
  }

  /** Pixels as words of red, green, blue, alpha from the lowest byte, the guard's before the picture's. */
  #part(
    bitmap: CanvasImageSource,
    { x, y, columns, rows }: { x: number; y: number; columns: number; rows: number },
  ): Uint32Array {
    const height = guardRows + rows;
    const context = this.#context;
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, columns, height);
    context.putImageData(this.#guard, 0, 0, 0, 0, columns, guardRows);
    context.drawImage(bitmap, x, y, columns, rows, 0, guardRows, columns, rows);
    const { data } = context.getImageData(0, 0, columns, height, { colorSpace: "srgb" });
    const words = new Uint32Array(data.buffer, data.byteOffset, columns * height);
    const guard = new Uint32Array(this.#guard.data.buffer);
    for (let row = 0; row < guardRows; row++)
      for (let column = 0; column < columns; column++)
        if (words[row * columns + column] !== guard[row * partWidth + column])
          throw new CanvasAltered("levels read from a canvas are not those that were put there");
    return words;
  }
}

/** Puts a row's red, green and blue into `rgb`, four pixels at a time where it can. @returns what all words have in common */
function pack(words: Uint32Array, from: number, count: number, into: { rgb: Uint8Array; to: number }): number {
  const { rgb } = into;
  let { to } = into;
  let common = 0xffffffff;
  let i = from;
  if (to % 4 === 0) {
    const fours = new Uint32Array(rgb.buffer, 0, rgb.length >> 2);
    let at = to / 4;
    for (const last = from + count - 3; i < last; i += 4, at += 3) {
      const [a, b, c, d] = [words[i]!, words[i + 1]!, words[i + 2]!, words[i + 3]!];
      common &= a & b & c & d;
      fours[at] = (a & 0xffffff) | (b << 24);
      fours[at + 1] = ((b >>> 8) & 0xffff) | (c << 16);
      fours[at + 2] = ((c >>> 16) & 0xff) | (d << 8);
    }
    to = at * 4;
  }
  for (; i < from + count; i++, to += 3) {
    const word = words[i]!;
    common &= word;
    rgb[to] = word;
    rgb[to + 1] = word >> 8;
    rgb[to + 2] = word >> 16;
  }
  return common;
}
