import { bucket } from "../../gpu/bucket.ts";
import { Commands } from "../../gpu/commands.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { originOf } from "../../image/derived.ts";
import type { Pixels } from "../../image/pixels.ts";
import { columnsFirst } from "../../image/resize.ts";
import { betweenWords, type ResizeJob, resize } from "../../ops/resize.ts";
import { packedTaps } from "./packed_taps.ts";
import type { PictureSlabs, Place, Slab } from "./slabs.ts";
import { mostJobs, TapTables } from "./tap_tables.ts";

/** Words between the two passes of one dispatch, unless a single picture needs more. */
const mostBetweenWords = 16 * 2 ** 20;

/** A part of a picture on the device. */
interface Part extends Place {
  /** Pixels from one row to the next. */
  rowPixels: number;
}

/** Words between two passes for which one buffer is kept. */
const mostKeptBetweenWords = 4 * 2 ** 20;

/** Resizes the pictures of a device. */
export class Resizer {
  readonly #gpu: Gpu;
  readonly #tables: TapTables;
  #between: Tensor | null = null;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#tables = new TapTables(gpu);
  }

  /** Resizes pictures into their slab, all in two dispatches where their sources are in one. The sources must be there. */
  resize(slabs: PictureSlabs, pictures: readonly Pixels[], out: Slab): void {
    const bySource = new Map<Tensor, ResizeJob[]>();
    for (const picture of pictures) {
      const origin = originOf(picture);
      if (origin?.kind !== "resize") throw new Error("Expected a picture that is another one resized");
      const part = partOf(origin.of, slabs);
      const { tensor } = part.slab;
      const jobs = bySource.get(tensor) ?? [];
      jobs.push(jobOf(picture, origin.of, part, slabs.expectPlace(picture).firstByte));
      bySource.set(tensor, jobs);
    }
    for (const [source, jobs] of bySource)
      for (const some of inDispatches(jobs)) {
        const { tables, groups, betweenWords } = this.#tables.write(some);
        const between = this.#betweenOf(betweenWords);
        const commands = new Commands(this.#gpu, "resize pictures");
        resize(commands, { source, tables, between, out: out.tensor }, { groups });
        commands.submit();
        if (between !== this.#between) this.#gpu.release(between.buffer);
      }
  }

  /** A buffer between the two passes; the one that is kept where it is large enough, or becomes so. */
  #betweenOf(words: number): Tensor {
    const kept = this.#between;
    if (kept && words <= kept.shape[0]!) return kept;
    const made = this.#gpu.empty("pictures.between", [bucket(words)], "u32");
    if (words > mostKeptBetweenWords) return made;
    if (kept) this.#gpu.release(kept.buffer);
    this.#between = made;
    return made;
  }
}

function partOf(pixels: Pixels, slabs: PictureSlabs): Part {
  const place = slabs.placeOf(pixels);
  if (place) return { ...place, rowPixels: pixels.width };
  const origin = originOf(pixels);
  if (origin?.kind !== "crop") throw new Error("Expected a picture that is on the device, or cut out of one");
  const { slab, firstByte, rowPixels } = partOf(origin.of, slabs);
  const [left, top] = origin.box;
  return { slab, rowPixels, firstByte: firstByte + (top * rowPixels + left) * 3 };
}

function jobOf(
  { width, height }: Pixels,
  from: Pixels,
  { firstByte: sourceByte, rowPixels }: Part,
  firstByte: number,
): ResizeJob {
  const taps = { x: packedTaps(from.width, width), y: packedTaps(from.height, height) };
  return {
    sourceByte,
    rowPixels,
    width,
    height,
    outWord: firstByte / 4,
    taps,
    columnsFirst: columnsFirst(from, width, height),
    partWidth: from.width,
    rows: taps.y.range,
  };
}

/** As many jobs together as the words between their passes, and the tables, allow. */
function inDispatches(jobs: readonly ResizeJob[]): ResizeJob[][] {
  const parts: ResizeJob[][] = [];
  let words = 0;
  for (const job of jobs) {
    const own = betweenWords(job);
    const last = parts.at(-1);
    if (last && words + own <= mostBetweenWords && last.length < mostJobs) last.push(job);
    else {
      parts.push([job]);
      words = 0;
    }
    words += own;
  }
  return parts;
}
