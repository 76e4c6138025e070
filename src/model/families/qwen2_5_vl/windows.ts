import type { Plan } from "../../../gpu/plan.ts";
import { noIndex } from "../../../gpu/tensor.ts";
import type { GatherMap } from "../../../ops/gather.ts";
import { type Grid, type PatchOrder, patchCount } from "../../positions.ts";
import { inverseBuffers, type SpanBuffers, spanBuffers, writeInverse, writeSpans } from "../../row_buffers.ts";
import type { InputImage, OwnRows } from "../../vision_rows.ts";
import type { Qwen25Vision } from "./config.ts";

/** The sizes that windows are made of. */
export type WindowSizes = Pick<Qwen25Vision, "windowSize" | "patchSize" | "spatialMergeSize">;

/**
 * Merge blocks of a picture in an order in which every window of attention is a range (transformers,
 * `get_window_index`): windows row by row, blocks row by row within. Windows at the right and lower edge are smaller
 * where none divides the picture.
 *
 * @returns order: the block of the processor's order at each place; ends: where the windows end, in places, ascending
 */
export function windowOrder(
  grid: Grid,
  { windowSize, patchSize, spatialMergeSize }: WindowSizes,
): { order: Uint32Array; ends: number[] } {
  const side = Math.floor(Math.floor(windowSize / spatialMergeSize) / patchSize);
  const rows = grid.h / spatialMergeSize;
  const columns = grid.w / spatialMergeSize;
  const order = new Uint32Array(grid.t * rows * columns);
  const ends: number[] = [];
  let at = 0;
  for (let frame = 0; frame < grid.t; frame++)
    for (let top = 0; top < rows; top += side)
      for (let left = 0; left < columns; left += side) {
        for (let row = top; row < Math.min(top + side, rows); row++)
          for (let column = left; column < Math.min(left + side, columns); column++)
            order[at++] = (frame * rows + row) * columns + column;
        ends.push(at);
      }
  return { order, ends };
}

/** Patches window by window, in merge blocks. */
export function patchOrder(grid: Grid, vision: WindowSizes): PatchOrder {
  const unit = vision.spatialMergeSize ** 2;
  const { order, ends } = windowOrder(grid, vision);
  const patches = new Uint32Array(patchCount(grid));
  for (const [place, block] of order.entries())
    for (let p = 0; p < unit; p++) patches[place * unit + p] = block * unit + p;
  return { patches, windowEnds: ends.map((end) => end * unit) };
}

/** Patches in the order of windows; `restore` brings image tokens back into the order of the text. */
export class WindowRows implements OwnRows {
  readonly spans: SpanBuffers;
  readonly restore: GatherMap;
  /** Image tokens of the whole capacity. */
  readonly #tokens: number;

  /** @param capacity patches, a multiple of the merge block */
  constructor(
    readonly plan: Plan,
    readonly config: Qwen25Vision,
    { capacity, trained }: { capacity: number; trained: boolean },
  ) {
    this.#tokens = capacity / config.spatialMergeSize ** 2;
    this.spans = spanBuffers(plan, "vision.windows", capacity, trained);
    this.restore = {
      index: plan.empty("vision.restore.index", [this.#tokens, 1], "u32"),
      ...(trained ? inverseBuffers(plan, "vision.restore", this.#tokens, this.#tokens) : {}),
    };
  }

  fill(images: readonly InputImage[]): void {
    const unit = this.config.spatialMergeSize ** 2;
    const spans = new Uint32Array(this.#tokens * unit * 4);
    const restore = new Uint32Array(this.#tokens).fill(noIndex);
    let first = 0;
    for (const { grid } of images) {
      const { order, ends } = windowOrder(grid, this.config);
      for (const [place, block] of order.entries()) restore[first + block] = first + place;
      let begin = 0;
      for (const end of ends) {
        for (let p = (first + begin) * unit; p < (first + end) * unit; p++)
          spans.set([(first + begin) * unit, (first + end) * unit], p * 4);
        begin = end;
      }
      first += order.length;
    }
    writeSpans(this.plan, this.spans, spans);
    this.plan.gpu.write(this.restore.index, restore);
    writeInverse(this.plan, this.restore, restore, this.#tokens);
  }
}
