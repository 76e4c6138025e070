import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { type PackedTaps, type ResizeJob, type ResizeJobs, resizeJobs, wordsOfJobs } from "../../ops/resize.ts";

/** Jobs of one dispatch at most; their words stand in front of all taps. */
export const mostJobs = 1024;
const firstTap = wordsOfJobs(mostJobs);

const leastWords = 2 ** 18;
/** Beyond it all taps are forgotten, unless one dispatch needs more. */
const mostWords = 2 ** 21;

/**
 * The tables that pictures are resized by, on a device. Boxes come in some hundred lengths, so that in the steady state of a run
 * only the jobs are written: the taps of a length stay.
 */
export class TapTables {
  readonly #gpu: Gpu;
  readonly #places = new Map<PackedTaps, number>();
  #tensor: Tensor | null = null;
  /** The word behind the last taps. */
  #end = firstTap;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Writes the jobs of one dispatch, at most `mostJobs`, and taps that are not there yet. */
  write(jobs: readonly ResizeJob[]): ResizeJobs & { tables: Tensor } {
    const needed = new Set(jobs.flatMap(({ taps }) => [taps.x, taps.y]));
    const missing = () => [...needed].filter((taps) => !this.#places.has(taps));
    let added = missing();
    if (!this.#holds(added)) {
      this.#forget(added);
      added = missing();
    }
    const tables = this.#tensor!;
    for (const taps of added) {
      this.#gpu.write(tables, taps.words, this.#end);
      this.#places.set(taps, this.#end);
      this.#end += taps.words.length;
    }
    const made = resizeJobs(jobs, (taps) => this.#places.get(taps)!);
    this.#gpu.write(tables, made.words);
    return { ...made, tables };
  }

  #holds(added: readonly PackedTaps[]): boolean {
    return this.#tensor !== null && this.#end + wordsOf(added) <= this.#tensor.shape[0]!;
  }

  /** Makes room: in a larger buffer, with nothing in it. What was submitted keeps the one before until it is done. */
  #forget(added: readonly PackedTaps[]): void {
    const before = this.#tensor?.shape[0] ?? leastWords / 2;
    if (this.#tensor) this.#gpu.release(this.#tensor.buffer);
    const needed = firstTap + wordsOf([...this.#places.keys(), ...added]);
    const words = Math.max(firstTap + wordsOf(added), Math.min(mostWords, Math.max(2 * before, needed)));
    this.#places.clear();
    this.#end = firstTap;
    this.#tensor = this.#gpu.empty("pictures.taps", [words], "i32");
  }
}

const wordsOf = (all: readonly PackedTaps[]): number => all.reduce((sum, { words }) => sum + words.length, 0);
