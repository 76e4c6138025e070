import { wrap } from "comlink";
import { crop } from "../../../../image/crop.ts";
import { decode } from "../../../../image/decode.ts";
import type { Decoded } from "../../../../image/decoded.ts";
import { held } from "../../../../image/held.ts";
import { decodeJpeg } from "../../../../image/jpeg.ts";
import { kindOfFile } from "../../../../image/kind_of_file.ts";
import type { Box, Pixels } from "../../../../image/pixels.ts";
import type { PictureDecoder, PictureWays } from "../../../../platform.ts";
import { type PictureEngine, thisBrowser } from "./canvas_decoder.ts";
import { CanvasReader } from "./canvas_reader.ts";
import type { PictureThread } from "./picture_thread.ts";

/**
 * A page's picture files: decoded in a thread of their own, by the browser or by our own code (canvas_decoder.ts). A JPEG
 * that the browser decoded stays with it; crops of it are read through a canvas here. Another kind is kept as bytes:
 * its own decoder could not take over in the middle of a crop, should the canvas fail.
 */
export class BrowserPictures implements PictureDecoder {
  readonly #thread: PictureThread;
  readonly #engine: PictureEngine;
  #reader: CanvasReader | null = null;
  /** Why the thread or its pictures cannot be had any more; null as long as they can. */
  #problem: string | null = null;
  /** Rejects what the thread is asked, where it breaks down. */
  readonly #waiting = new Set<(error: Error) => void>();

  /** @param thread  another one, for a test */
  constructor(thread?: PictureThread, engine: PictureEngine = thisBrowser) {
    this.#engine = engine;
    this.#thread = thread ?? this.#start();
  }

  async decode(bytes: Uint8Array): Promise<Decoded> {
    if (this.#problem !== null) return decode(bytes);
    let found: Awaited<ReturnType<PictureThread["decode"]>>;
    try {
      found = await this.#asked(this.#thread.decode(bytes));
    } catch (error) {
      if (this.#problem !== null) return decode(bytes);
      throw error;
    }
    const { decoded, bitmap } = found;
    if (!bitmap) return decoded;
    if (kindOfFile(bytes) === "JPEG") return this.#held(decoded, bitmap, bytes);
    bitmap.close();
    return decoded;
  }

  async ways(): Promise<PictureWays> {
    const none = { properties: [], pictures: 0, fewestPixels: 0, decoded: { canvas: 0, own: 0 } };
    const ways = this.#problem === null ? await this.#asked(this.#thread.ways()).catch(() => none) : none;
    return { problem: null, ...ways, ...(this.#problem === null ? {} : { problem: this.#problem }) };
  }

  #held({ rgb, ...decoded }: Decoded, bitmap: ImageBitmap, bytes: Uint8Array): Decoded {
    let own: Pixels | null = null;
    const read = (box: Box): Uint8Array => {
      if (!own) {
        try {
          this.#reader ??= new CanvasReader(this.#engine.canvas);
          return this.#reader.read(bitmap, box);
        } catch (error) {
          // The file tells the same pixels again.
          this.#problem ??= (error as Error).message;
          const { width, height, rgb: data } = decodeJpeg(bytes);
          own = { width, height, data };
          bitmap.close();
        }
      }
      return crop(own, box).data;
    };
    const pixels = held(decoded, read, rgb);
    return {
      ...decoded,
      held: pixels,
      get rgb() {
        return pixels.data;
      },
    };
  }

  #start(): PictureThread {
    let worker: Worker;
    try {
      worker = new Worker(new URL("./picture_thread.ts", import.meta.url), { type: "module", name: "picture files" });
    } catch (error) {
      // A page may forbid workers of its own.
      this.#problem = `no thread for them could be started (${(error as Error).message})`;
      return {
        decode: async (bytes) => ({ decoded: await decode(bytes), bitmap: null }),
        ways: () => Promise.reject(error),
      };
    }
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#problem ??= `the thread that decodes pictures broke down (${event.message || "no reason given"})`;
      for (const reject of this.#waiting) reject(new Error(this.#problem));
    });
    return wrap<PictureThread>(worker);
  }

  #asked<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      answer.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }
}
