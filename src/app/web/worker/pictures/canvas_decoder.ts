import { decode } from "../../../../image/decode.ts";
import type { Decoded } from "../../../../image/decoded.ts";
import { kindOfFile } from "../../../../image/kind_of_file.ts";
import type { Pixels } from "../../../../image/pixels.ts";
import { type PlainFile, plainFile } from "../../../../image/plain_file.ts";
import type { PictureWays } from "../../../../platform.ts";
import { type Canvas, CanvasAltered, CanvasReader } from "./canvas_reader.ts";
import { firstDifference, NoAnswer, type Trial, tryPictures } from "./canvas_trial.ts";

/** What a browser has for pictures. */
export interface PictureEngine {
  createImageBitmap(file: Blob, options: ImageBitmapOptions): Promise<ImageBitmap>;
  canvas(width: number, height: number): Canvas;
}

export const thisBrowser: PictureEngine = {
  createImageBitmap: (file, options) => createImageBitmap(file, options),
  canvas: (width, height) => new OffscreenCanvas(width, height) as Canvas,
};

/** A decoded picture, and the browser's where that holds the same. */
export interface TwiceDecoded {
  decoded: Decoded;
  bitmap: ImageBitmap | null;
}

/** Smaller pictures take our own decoder less time than the way through the browser. */
const fewestPixels = 2 ** 16;
/** How long the browser may take for a picture, and how much longer for each of its megapixels. */
const patience = { ms: 10_000, msPerMegapixel: 2_000 };

/**
 * Decodes pictures by the browser (`createImageBitmap`), reads them through a canvas, and says that only where the
 * levels are those of our own decoder: for properties of files that a trial has proven, after our own reader has found
 * the file whole, and the first picture of each kind and size against our own decoder. All else is decoded by that.
 */
export class CanvasDecoder {
  readonly #engine: PictureEngine;
  readonly #patienceMs: number;
  readonly #fewestPixels: number;
  #reader: CanvasReader | null = null;
  #trial: Promise<Trial> | null = null;
  /** Kinds and sizes of which a picture has been compared. */
  readonly #compared = new Set<string>();
  readonly #counts = { canvas: 0, own: 0 };

  constructor(engine: PictureEngine = thisBrowser, settings: { patienceMs?: number; fewestPixels?: number } = {}) {
    this.#engine = engine;
    this.#patienceMs = settings.patienceMs ?? patience.ms;
    this.#fewestPixels = settings.fewestPixels ?? fewestPixels;
  }

  /** @throws Error with one sentence where our own decoder refuses the file */
  async decode(bytes: Uint8Array): Promise<TwiceDecoded> {
    const found = await this.#byBrowser(bytes);
    if (found?.bitmap) this.#counts.canvas++;
    else this.#counts.own++;
    return found ?? { decoded: await decode(bytes), bitmap: null };
  }

  /** Which files are decoded how, and why. */
  async ways(): Promise<PictureWays> {
    const { problem, properties, pictures } = await this.#tried();
    return {
      problem,
      properties: [...properties].map(([name, why]) => ({ name, why })),
      pictures,
      fewestPixels: this.#fewestPixels,
      decoded: { ...this.#counts },
    };
  }

  /** Null where our own decoder must decide. */
  async #byBrowser(bytes: Uint8Array): Promise<TwiceDecoded | null> {
    const file = plainFile(bytes);
    const isWebp = kindOfFile(bytes) === "WEBP";
    if (isWebp) await this.#expectCanvas();
    if (!file || (file.width * file.height < this.#fewestPixels && !isWebp)) return null;
    const trial = await this.#tried();
    if (trial.problem !== null || file.properties.some((name) => trial.properties.get(name) !== null)) return null;
    const { width, height, orientation } = file;
    let drawn: { pixels: Pixels; bitmap: ImageBitmap; isUsual: boolean };
    try {
      drawn = await this.viaCanvas(file);
    } catch (error) {
      if (error instanceof Refused) throw error.cause;
      // What no canvas gives back, none will; what this file alone does, costs the file its shorter way.
      if (error instanceof CanvasAltered || error instanceof NoAnswer) trial.problem = error.message;
      return null;
    }
    const { pixels, bitmap, isUsual } = drawn;
    const decoded = { width, height, rgb: pixels.data, isRgba: false, orientation };
    const kind = [...file.properties, Math.floor(Math.log2(width * height) / 2)].join();
    if (isUsual && (isWebp || this.#compared.has(kind))) return { decoded, bitmap };
    bitmap.close();
    if (!isUsual) return null;
    const own = await decode(bytes);
    if (firstDifference(own.rgb, pixels.data) < 0) this.#compared.add(kind);
    else trial.properties.set(file.properties.at(-1)!, `a file of ${width} x ${height} came out with other levels`);
    return { decoded: own, bitmap: null };
  }

  /** WebP has no decoder of our own. @throws Error where what it gives would be altered */
  async #expectCanvas(): Promise<void> {
    const { problem } = await this.#tried();
    if (problem !== null)
      throw new Error(
        `A WebP picture is read through a canvas, which this browser does not give back as it was drawn (${problem}); allow this page to read canvases, or convert the picture to PNG or JPEG`,
      );
  }

  #tried(): Promise<Trial> {
    this.#trial ??= tryPictures(this);
    return this.#trial;
  }

  /**
   * Decodes a file by the browser, whatever that is good for.
   * @throws Refused where our own reader finds it damaged; NoAnswer, CanvasAltered; and what the browser throws
   */
  async viaCanvas(file: PlainFile): Promise<{ pixels: Pixels; bitmap: ImageBitmap; isUsual: boolean }> {
    const { width, height, type, parts } = file;
    const blob = new Blob(parts as Uint8Array<ArrayBuffer>[], { type });
    const decoding = this.#engine.createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    const close = () =>
      void decoding.then(
        (late) => late.close(),
        () => {},
      );
    let isUsual: boolean;
    try {
      isUsual = file.check();
    } catch (cause) {
      close();
      throw new Refused("our own decoder refuses the file", { cause });
    }
    const ms = this.#patienceMs + (patience.msPerMegapixel * width * height) / 1e6;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      waiting = setTimeout(() => {
        close();
        reject(new NoAnswer(`createImageBitmap gave no answer within ${Math.round(ms / 1000)} s`));
      }, ms);
    });
    const bitmap = await Promise.race([decoding, late]).finally(() => clearTimeout(waiting));
    try {
      if (bitmap.width !== width || bitmap.height !== height)
        throw new Error(`the browser made ${bitmap.width} x ${bitmap.height} pixels of ${width} x ${height}`);
      this.#reader ??= new CanvasReader(this.#engine.canvas);
      return { pixels: { width, height, data: this.#reader.read(bitmap, [0, 0, width, height]) }, bitmap, isUsual };
    } catch (error) {
      bitmap.close();
      throw error;
    }
  }
}

/** Our own decoder refuses the file; `cause` says why. */
class Refused extends Error {}
