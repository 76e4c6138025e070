import { bucket } from "../../gpu/bucket.ts";
import { Commands } from "../../gpu/commands.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { originOf } from "../../image/derived.ts";
import type { Pixels } from "../../image/pixels.ts";
import { isRenderable, joinScenes, renderScenes } from "../../ops/scene.ts";
import { Resizer } from "./resize_on_device.ts";
import { bytesOfPicture, mostSlabBytes, PictureSlabs } from "./slabs.ts";

/** A picture, and where its bytes are wanted. */
export interface WantedPicture {
  pixels: Pixels;
  firstByte: number;
}

/**
 * The pictures on a device. Each is uploaded or rendered there once, and what is cut out of it or resized is made there
 * from it (src/image/derived.ts), with the same bytes as on the host; what a device cannot hold is made on the host.
 */
export class GpuPictures {
  static readonly #all = new WeakMap<Gpu, GpuPictures>();

  /** Those of a device. */
  static of(gpu: Gpu): GpuPictures {
    const known = GpuPictures.#all.get(gpu) ?? new GpuPictures(gpu);
    GpuPictures.#all.set(gpu, known);
    return known;
  }

  readonly #gpu: Gpu;
  readonly #slabs: PictureSlabs;
  readonly #resizer: Resizer;

  private constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#slabs = new PictureSlabs(gpu);
    this.#resizer = new Resizer(gpu);
  }

  /** Bytes that are kept of pictures. */
  get bytes(): number {
    return this.#slabs.bytes;
  }

  /** Has pictures uploaded, rendered or resized before they are needed. */
  prepare(pictures: readonly Pixels[]): void {
    this.#slabs.begin();
    this.#make(pictures.filter((picture) => this.#fits(picture)));
    this.#slabs.trim();
  }

  /** Writes pictures into a tensor of u32 words, each from its byte on. What else the tensor holds may be overwritten. */
  write(to: Tensor, wanted: readonly WantedPicture[]): void {
    const isWhole = wanted.every(({ pixels, firstByte }) => firstByte % 4 === 0 && bytesOfPicture(pixels) % 4 === 0);
    const isMadeHere = ({ pixels }: WantedPicture) => originOf(pixels)?.kind === "resize" && this.#fits(pixels);
    const made = isWhole ? wanted.filter(isMadeHere) : [];
    if (made.length === 0) {
      this.#writeAll(to, wanted);
      return;
    }
    if (made.length < wanted.length) {
      const isMade = new Set(made);
      for (const one of wanted) if (!isMade.has(one)) this.#gpu.writeBytes(to, one.pixels.data, one.firstByte);
    }
    this.#slabs.begin();
    this.#make(made.map(({ pixels }) => pixels));
    this.#copy(to, made);
    this.#slabs.trim();
  }

  /** Bytes of the host in one write. */
  #writeAll(to: Tensor, wanted: readonly WantedPicture[]): void {
    const end = wanted.reduce((most, { pixels, firstByte }) => Math.max(most, firstByte + bytesOfPicture(pixels)), 0);
    const bytes = new Uint8Array(Math.ceil(end / 4) * 4);
    for (const { pixels, firstByte } of wanted) bytes.set(pixels.data, firstByte);
    this.#gpu.writeBytes(to, bytes, 0);
  }

  #copy(to: Tensor, made: readonly WantedPicture[]): void {
    const commands = new Commands(this.#gpu, "copy pictures");
    let run: { from: Tensor; fromByte: number; toByte: number; bytes: number } | null = null;
    const copy = () => run && commands.copy(run.from, run.fromByte, to, run.toByte, run.bytes);
    for (const { pixels, firstByte: toByte } of made) {
      const { slab, firstByte: fromByte } = this.#slabs.expectPlace(pixels);
      const bytes = bytesOfPicture(pixels);
      const goesOn =
        run?.from === slab.tensor && run.fromByte + run.bytes === fromByte && run.toByte + run.bytes === toByte;
      if (run && goesOn) run.bytes += bytes;
      else {
        copy();
        run = { from: slab.tensor, fromByte, toByte, bytes };
      }
    }
    copy();
    commands.submit();
  }

  /** Bytes of a picture, or of several, that a kernel can bind: a buffer may be an eighth larger than what is asked for. */
  get #mostBytes(): number {
    return Math.min(this.#gpu.maxBindingBytes, this.#gpu.maxBufferBytes) * (8 / 9) - 8;
  }

  /** Whether the device can hold and bind a picture, and all that it comes from. */
  #fits(pixels: Pixels): boolean {
    const most = this.#mostBytes;
    if (bytesToMake(pixels) > most) return false;
    const origin = originOf(pixels);
    if (origin?.kind === "crop") return this.#fits(origin.of);
    if (origin?.kind !== "resize") return true;
    // More than is needed between the passes, whichever comes first.
    const between = Math.max(pixels.width * origin.of.height, pixels.height * origin.of.width) * 4;
    return between <= most && this.#fits(origin.of);
  }

  /** Makes pictures that are not on the device, with what they come from. */
  #make(pictures: readonly Pixels[]): void {
    const missing = this.#missing(pictures);
    if (missing.length === 0) return;
    const scenes = missing.filter(isRendered);
    const isResized = (picture: Pixels) => originOf(picture)?.kind === "resize";
    const resizes = missing.filter(isResized);
    for (const sidePx of new Set(scenes.map(({ width }) => width)))
      for (const part of this.#inSlabs(scenes.filter(({ width }) => width === sidePx))) this.#render(part, sidePx);
    for (const part of this.#inSlabs(missing.filter((one) => !isRendered(one) && !isResized(one)))) this.#upload(part);
    // What was itself resized is in a slab of its own before something is made from it.
    this.#make(this.#missing(resizes.map(sourceOf)).filter(isResized));
    for (const part of this.#inSlabs(resizes.filter((one) => this.#isMissing(one)))) this.#resize(part);
  }

  /** What must still be made before pictures can be read. */
  #missing(pictures: readonly Pixels[]): Pixels[] {
    const roots = new Set(pictures.map((picture) => this.#slabs.rootOf(picture)));
    return [...roots].filter((root) => this.#isMissing(root));
  }

  #isMissing(root: Pixels): boolean {
    return this.#slabs.placeOf(root) === null;
  }

  /** Pictures of one slab, with no more of what they come from at a time than fills another one. */
  #resize(pictures: readonly Pixels[]): void {
    const slab = this.#slabs.add(pictures);
    const byRoot = new Map<Pixels, Pixels[]>();
    for (const picture of pictures) {
      const root = this.#slabs.rootOf(sourceOf(picture));
      byRoot.set(root, [...(byRoot.get(root) ?? []), picture]);
    }
    // What is here first, before it is given up for what is not.
    const inOrder = [...byRoot.keys()].sort((a, b) => Number(this.#isMissing(a)) - Number(this.#isMissing(b)));
    for (const roots of this.#inSlabs(inOrder)) {
      this.#make(roots);
      const some = roots.flatMap((root) => byRoot.get(root) ?? []);
      this.#resizer.resize(this.#slabs, some, slab);
      this.#slabs.trimSources();
    }
  }

  #upload(pictures: readonly Pixels[]): void {
    const { tensor } = this.#slabs.add(pictures);
    for (const picture of pictures)
      this.#gpu.writeBytes(tensor, picture.data, this.#slabs.expectPlace(picture).firstByte);
  }

  #render(pictures: readonly Pixels[], sidePx: number): void {
    const scenes = pictures.flatMap((picture) => {
      const origin = originOf(picture);
      return origin?.kind === "scene" ? [origin.words] : [];
    });
    const words = joinScenes(scenes);
    const tensor = this.#gpu.empty("pictures.scenes", [bucket(words.length)], "u32");
    this.#gpu.write(tensor, words);
    const commands = new Commands(this.#gpu, "render scenes");
    const { tensor: out } = this.#slabs.add(pictures);
    renderScenes(commands, { scenes: tensor, out }, { count: scenes.length, sidePx });
    commands.submit();
    this.#gpu.release(tensor.buffer);
  }

  /** Pictures in parts that fill a slab. */
  #inSlabs(pictures: readonly Pixels[]): Pixels[][] {
    const most = Math.min(this.#mostBytes, mostSlabBytes);
    const parts: Pixels[][] = [];
    let bytes = 0;
    for (const picture of pictures) {
      // Each begins at a whole word.
      const own = bytesToMake(picture) + 3;
      const last = parts.at(-1);
      if (last && bytes + own <= most) last.push(picture);
      else {
        parts.push([picture]);
        bytes = 0;
      }
      bytes += own;
    }
    return parts;
  }
}

/** Bytes of a picture, or of the words that it is rendered from where they are more. */
function bytesToMake(picture: Pixels): number {
  const origin = originOf(picture);
  return Math.max(bytesOfPicture(picture), origin?.kind === "scene" ? origin.words.byteLength : 0);
}

/** Whether the device renders a picture. */
const isRendered = (picture: Pixels): boolean => originOf(picture)?.kind === "scene" && isRenderable(picture.width);

/** What a resized picture is made from. */
function sourceOf(picture: Pixels): Pixels {
  const origin = originOf(picture);
  if (origin?.kind !== "resize") throw new Error("Expected a picture that is another one resized");
  return origin.of;
}
