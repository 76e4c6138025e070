import type { Plan } from "../../../gpu/plan.ts";
import type { Tensor } from "../../../gpu/tensor.ts";
import { noIndex } from "../../../gpu/tensor.ts";
import type { GatherMap } from "../../../ops/gather.ts";
import { type Grid, patchCoordinates, patchCount } from "../../positions.ts";
import { inverseBuffers, writeInverse } from "../../row_buffers.ts";
import type { InputImage, OwnRows } from "../../vision_rows.ts";
import type { Qwen3Vision } from "./config.ts";

/** torch.linspace(0, end, count) in float32: from both ends towards the middle, as torch computes it. */
function linspace(end: number, count: number): Float32Array {
  const step = Math.fround(end / Math.max(1, count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? Math.fround(step * i) : Math.fround(end - Math.fround(step * (count - 1 - i))),
  );
}

/** The two rows (or columns) of the table between which each of `count` rows (or columns) of patches lies, and where. */
const between = (side: number, count: number): { low: number; high: number; part: number }[] =>
  Array.from(linspace(side - 1, count), (at) => {
    const low = Math.trunc(at);
    return { low, high: Math.min(low + 1, side - 1), part: Math.fround(at - low) };
  });

/**
 * Where each patch reads the learned position table: four rows and their bilinear weights, in float32 as
 * transformers computes them (`fast_pos_embed_interpolate`).
 *
 * @returns index and weight, each (P, 4)
 */
export function tablePositions(
  grid: Grid,
  { numPositionEmbeddings, spatialMergeSize }: Pick<Qwen3Vision, "numPositionEmbeddings" | "spatialMergeSize">,
): { index: Uint32Array; weight: Float32Array } {
  const side = Math.sqrt(numPositionEmbeddings);
  const vertical = between(side, grid.h);
  const horizontal = between(side, grid.w);
  const { row, column } = patchCoordinates(grid, spatialMergeSize);
  const index = new Uint32Array(row.length * 4);
  const weight = new Float32Array(row.length * 4);
  for (let p = 0; p < row.length; p++) {
    // Coordinates of a patch lie within its grid.
    const { low: top, high: bottom, part: dy } = vertical[row[p]!]!;
    const { low: left, high: right, part: dx } = horizontal[column[p]!]!;
    const corners = [top * side + left, top * side + right, bottom * side + left, bottom * side + right];
    const [up, before] = [Math.fround(1 - dy), Math.fround(1 - dx)];
    index.set(corners, p * 4);
    weight.set([up * before, up * dx, dy * before, dy * dx], p * 4);
  }
  return { index, weight };
}

/** Where each patch reads the learned position table, for the pictures of a pass. */
export class PositionTableRows implements OwnRows {
  readonly table: GatherMap;
  readonly #weight: Tensor;

  constructor(
    readonly plan: Plan,
    readonly config: Qwen3Vision,
    readonly options: { capacity: number; trained: boolean },
  ) {
    const { capacity, trained } = options;
    this.#weight = plan.empty("vision.table.weight", [capacity, 4]);
    this.table = {
      index: plan.empty("vision.table.index", [capacity, 4], "u32"),
      weight: this.#weight,
      ...(trained ? inverseBuffers(plan, "vision.table", config.numPositionEmbeddings, capacity * 4) : {}),
    };
  }

  fill(images: readonly InputImage[]): void {
    const { plan, config, options } = this;
    const index = new Uint32Array(options.capacity * 4).fill(noIndex);
    const weight = new Float32Array(options.capacity * 4);
    const bySize = new Map<string, ReturnType<typeof tablePositions>>();
    let first = 0;
    for (const { grid } of images) {
      const key = `${grid.h} ${grid.w}`;
      const positions = bySize.get(key) ?? tablePositions({ ...grid, t: 1 }, config);
      bySize.set(key, positions);
      for (let at = first; at < first + patchCount(grid); at += grid.h * grid.w) {
        index.set(positions.index, at * 4);
        weight.set(positions.weight, at * 4);
      }
      first += patchCount(grid);
    }
    plan.gpu.write(this.table.index, index);
    plan.gpu.write(this.#weight, weight);
    writeInverse(plan, this.table, index, config.numPositionEmbeddings);
  }
}
