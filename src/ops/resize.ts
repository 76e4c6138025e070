import source from "../../shaders/resize.wgsl" with { type: "text" };
import type { Commands } from "../gpu/commands.ts";
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tensor } from "../gpu/tensor.ts";

const shader = new Shader("resize", source);

/** Words of a job, as the shader reads them. */
const jobWords = 16;
const pixelsPerGroup = 64;

/** Taps along an axis, packed for the shader: (length, 2 + stride) of first input, number of inputs and coefficients. */
export interface PackedTaps {
  words: Int32Array;
  stride: number;
}

/** One picture to make at another size, out of a part of another picture. */
export interface ResizeJob {
  /** Bytes in `source` before the first pixel that is read, and pixels from one row there to the next. */
  sourceByte: number;
  rowPixels: number;
  /** Pixels of the result. */
  width: number;
  height: number;
  /** Words in `out` before its first. */
  outWord: number;
  /** Along the width and along the height. */
  taps: { x: PackedTaps; y: PackedTaps };
  /** Whether heights change before widths do. */
  columnsFirst: boolean;
  /** Columns of the part, and its rows that are read at all. */
  partWidth: number;
  rows: readonly [begin: number, end: number];
}

/** Words that a job needs between its two passes. */
export const betweenWords = ({ width, height, columnsFirst, partWidth, rows: [begin, end] }: ResizeJob): number =>
  columnsFirst ? height * partWidth : (end - begin) * width;

/** Jobs as the shader reads them: the beginning of its `tables`, the words of `between`, and the workgroups of each pass. */
export interface ResizeJobs {
  words: Int32Array<ArrayBuffer>;
  betweenWords: number;
  groups: [first: number, second: number];
}

/** Words of `tables` that this many jobs take; taps stand behind them. */
export const wordsOfJobs = (jobs: number): number => 1 + jobs * jobWords;

/** Packs the jobs of one dispatch. @param placeOf  the word of `tables` that taps begin at */
export function resizeJobs(jobs: readonly ResizeJob[], placeOf: (taps: PackedTaps) => number): ResizeJobs {
  const words = new Int32Array(wordsOfJobs(jobs.length));
  words[0] = jobs.length;
  let between = 0;
  const groups: [number, number] = [0, 0];
  for (const [i, job] of jobs.entries()) {
    const { taps, columnsFirst, width, height, rows, partWidth } = job;
    const betweenWidth = columnsFirst ? partWidth : width;
    const betweenHeight = columnsFirst ? height : rows[1] - rows[0];
    const [first, second] = columnsFirst ? [taps.y, taps.x] : [taps.x, taps.y];
    words.set(
      [
        job.sourceByte,
        job.rowPixels,
        columnsFirst ? 1 : 0,
        between,
        betweenWidth,
        betweenHeight,
        width,
        height,
        placeOf(first),
        first.stride,
        placeOf(second),
        columnsFirst ? 0 : rows[0],
        groups[0],
        groups[1],
        second.stride,
        job.outWord,
      ],
      1 + i * jobWords,
    );
    between += betweenWidth * betweenHeight;
    groups[0] += Math.ceil((betweenWidth * betweenHeight) / pixelsPerGroup);
    groups[1] += Math.ceil((width * height) / 4 / pixelsPerGroup);
  }
  return { words, betweenWords: between, groups };
}

/**
 * Makes pictures at other sizes, two dispatches for all of them.
 *
 * @param source   u32 words of bytes, (height, width, 3) each
 * @param tables   i32, what `resizeJobs` gave and the taps at their places
 * @param between  u32, at least as many words as `resizeJobs` says
 * @param out      u32 words of bytes, (height, width, 3) each
 */
export function resize(
  commands: Commands,
  tensors: { source: Tensor; tables: Tensor; between: Tensor; out: Tensor },
  { groups: [first, second] }: Pick<ResizeJobs, "groups">,
): void {
  commands.dispatch({ shader, entry: "first_pass", tensors, groups: grid(first, 1) });
  commands.dispatch({ shader, entry: "second_pass", tensors, groups: grid(second, 1) });
}
