import { bucket } from "../../gpu/bucket.ts";
import { Commands } from "../../gpu/commands.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { originOf } from "../../image/derived.ts";
import type { Pixels } from "../../image/pixels.ts";
import { columnsFirst } from "../../image/resize.ts";
import { betweenWords, type ResizeJob, resize, resizeTables } from "../../ops/resize.ts";
import { packedTaps } from "./packed_taps.ts";
import type { PictureSlabs, Place, Slab } from "./slabs.ts";

/** Words between the two passes of one dispatch, unless a single picture needs more. */
const mostBetweenWords = 16 * 2 ** 20;

/** A part of a picture on the device. */
interface Part extends Place {
  /** Pixels from one row to the next. */
  rowPixels: number;
}

/** Resizes pictures into their slab, all in two dispatches where their sources are in one. The sources must be there. */
export function resizeOnDevice(gpu: Gpu, slabs: PictureSlabs, pictures: readonly Pixels[], out: Slab): void {
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
      const tables = resizeTables(some);
      const taps = gpu.empty("pictures.taps", [bucket(tables.words.length)], "i32");
      gpu.write(taps, tables.words);
      const between = gpu.empty("pictures.between", [bucket(tables.betweenWords)], "u32");
      const commands = new Commands(gpu, "resize pictures");
      resize(commands, { source, tables: taps, between, out: out.tensor }, tables);
      commands.submit();
      for (const { buffer } of [taps, between]) gpu.release(buffer);
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

/** As many jobs together as the words between their passes allow. */
function inDispatches(jobs: readonly ResizeJob[]): ResizeJob[][] {
  const parts: ResizeJob[][] = [];
  let words = 0;
  for (const job of jobs) {
    const own = betweenWords(job);
    const last = parts.at(-1);
    if (last && words + own <= mostBetweenWords) last.push(job);
    else {
      parts.push([job]);
      words = 0;
    }
    words += own;
  }
  return parts;
}
