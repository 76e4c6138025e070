import { bucket } from "../../gpu/bucket.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { originOf } from "../../image/derived.ts";
import type { Pixels } from "../../image/pixels.ts";

/** Bytes of pictures that stay on a device when nothing reads them. */
export const mostKeptBytes = 64 * 2 ** 20;
/** Slabs of model inputs that may be of the step under way: those of its prompts, of each turn, and of the next prompts. */
const recentInputs = 8;

/** Bytes of pictures that are made in one go. */
export const mostSlabBytes = 64 * 2 ** 20;

/** Bytes of several pictures, (height, width, 3) each, in one buffer. */
export interface Slab {
  /** u32 words. */
  readonly tensor: Tensor;
  readonly bytes: number;
  /** Whether they are model inputs, which an update reads again. */
  readonly isInputs: boolean;
  /** By the clock of all slabs. */
  lastUse: number;
}

/** Where a picture stands. */
export interface Place {
  slab: Slab;
  firstByte: number;
}

export const bytesOfPicture = ({ width, height }: Pick<Pixels, "width" | "height">): number => width * height * 3;

/** A picture takes whole words. */
const wordBytes = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/**
 * The memory of a device's pictures. Beyond a bound those that were used longest ago are given up, what others come from
 * before the model inputs of late. Nothing is lost with them, since a picture can be made again from what the host knows of it.
 */
export class PictureSlabs {
  readonly #slabs = new Set<Slab>();
  readonly #places = new WeakMap<Pixels, Place>();
  /** Counts uses. */
  #clock = 0;
  /** When the work under way began. */
  #begun = 0;
  #bytes = 0;

  constructor(readonly gpu: Gpu) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** From here on model inputs that are read or added stay, until the next work begins. */
  begin(): void {
    this.#begun = ++this.#clock;
  }

  placeOf(pixels: Pixels): Place | null {
    const place = this.#places.get(pixels);
    if (!place || !this.#slabs.has(place.slab)) return null;
    place.slab.lastUse = ++this.#clock;
    return place;
  }

  /** The place of a picture that is here. */
  expectPlace(pixels: Pixels): Place {
    const place = this.placeOf(pixels);
    if (!place) throw new Error(`A picture of ${pixels.width} x ${pixels.height} is not on the device`);
    return place;
  }

  /**
   * What must be here before a picture can be read: itself, or what it is cut out of. A part of bytes of the host that
   * are not here any more is uploaded by itself.
   */
  rootOf(pixels: Pixels): Pixels {
    const origin = originOf(pixels);
    if (origin?.kind !== "crop" || this.#isHere(pixels)) return pixels;
    const root = this.rootOf(origin.of);
    const kind = originOf(root)?.kind;
    return this.#isHere(root) || kind === "scene" || kind === "resize" ? root : pixels;
  }

  #isHere(pixels: Pixels): boolean {
    const place = this.#places.get(pixels);
    return place !== undefined && this.#slabs.has(place.slab);
  }

  /** A slab for pictures, one after another, each from a whole word on. Its content is unspecified. */
  add(pictures: readonly Pixels[]): Slab {
    // In sizes that come again, so that buffers do.
    const words = bucket(pictures.reduce((sum, picture) => sum + wordBytes(bytesOfPicture(picture)), 0) / 4);
    const tensor = this.gpu.empty("pictures", [words], "u32");
    const isInputs = pictures.every((picture) => originOf(picture)?.kind === "resize");
    const slab = { tensor, bytes: words * 4, isInputs, lastUse: ++this.#clock };
    let firstByte = 0;
    for (const picture of pictures) {
      this.#places.set(picture, { slab, firstByte });
      firstByte += wordBytes(bytesOfPicture(picture));
    }
    this.#slabs.add(slab);
    this.#bytes += slab.bytes;
    return slab;
  }

  /** Gives up what is beyond the bound; to be called where all commands that read pictures have been submitted. */
  trim(): void {
    if (this.#bytes <= mostKeptBytes) return;
    const oldest = this.#byLastUse();
    const recent = new Set(oldest.filter(({ isInputs }) => isInputs).slice(-recentInputs));
    this.#giveUp([...oldest.filter((one) => !recent.has(one)), ...recent]);
  }

  /** The same while model inputs are being made: those of the work under way stay. */
  trimSources(): void {
    if (this.#bytes <= mostKeptBytes) return;
    this.#giveUp(this.#byLastUse().filter(({ isInputs, lastUse }) => !isInputs || lastUse < this.#begun));
  }

  #byLastUse(): Slab[] {
    return [...this.#slabs].sort((a, b) => a.lastUse - b.lastUse);
  }

  #giveUp(inOrder: readonly Slab[]): void {
    for (const slab of inOrder) {
      if (this.#bytes <= mostKeptBytes) break;
      this.#slabs.delete(slab);
      this.gpu.release(slab.tensor.buffer);
      this.#bytes -= slab.bytes;
    }
  }
}
