import type { Box } from "../../../../image/pixels.ts";

/** What a canvas gave back is not what was put there: fingerprint protection, or a surface that the browser lost. */
export class CanvasAltered extends Error {}

/** What is used of a canvas; a test has others. */
export interface Canvas {
  width: number;
  height: number;
  getContext(kind: "2d", settings: CanvasRenderingContext2DSettings): CanvasContext | null;
}

export type CanvasContext = Pick<
  OffscreenCanvasRenderingContext2D,
  "drawImage" | "getImageData" | "putImageData" | "clearRect" | "imageSmoothingEnabled"
>;

/** Pixels that are read at a time, and the widest part of a row: far below every browser's largest canvas. */
const partPixels = 2 ** 18;
const partWidth = 2048;
/** Rows of random levels above each part, put there and read with it: what is altered in a canvas, is altered there as well. */
const guardRows = 4;

/**
 * Reads whole pixels of opaque bitmaps through one small canvas, part by part, and looks at each part for signs that
 * the canvas does not give back what it was given.
 */
export class CanvasReader {
  readonly #context: CanvasContext;
  readonly #canvas: Canvas;
  readonly #guard: ImageData;

  /** @throws Error where there is no canvas with a 2-D context */
  constructor(canvasOf: (width: number, height: number) => Canvas) {
    this.#canvas = canvasOf(partWidth, guardRows + partPixels / partWidth);
    const context = this.#canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
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
      const most = Math.floor(partPixels / columns);
      for (let y = top; y < bottom; y += most) {
        const rows = Math.min(most, bottom - y);
        const part = this.#part(bitmap, { x, y, columns, rows });
        for (let row = 0; row < rows; row++) {
          const to = ((y - top + row) * width + x - left) * 3;
          pack(part.subarray((guardRows + row) * columns, (guardRows + row + 1) * columns), rgb, to);
        }
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
    if (this.#canvas.width !== columns || this.#canvas.height < height) {
      this.#canvas.width = columns;
      this.#canvas.height = height;
    }
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
    let alpha = 0xffffffff;
    for (const word of words) alpha &= word;
    if (alpha >>> 24 !== 255) throw new CanvasAltered("an opaque picture came out of a canvas transparent");
    return words;
  }
}

function pack(words: Uint32Array, rgb: Uint8Array, to: number): void {
  for (const word of words) {
    rgb[to++] = word;
    rgb[to++] = word >> 8;
    rgb[to++] = word >> 16;
  }
}
