import type { Plan } from "../gpu/plan.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { type GatherMap, inverseOf } from "../ops/gather.ts";
import type { VisionConfig } from "./config.ts";
import { type Grid, patchCoordinates, tablePositions } from "./positions.ts";

/** One picture, cut into patches: `values` is (P, channels x frames x S x S) in the processor's order. */
export interface PatchedImage {
  values: Float32Array;
  grid: Grid;
}

/** Pictures of different sizes, patch after patch, in buffers of a fixed capacity that the host fills before a replay. */
export class VisionRows {
  /** (P, I) */
  readonly pixels: Tensor;
  /** (2, P): row and column of each patch. */
  readonly positions: Tensor;
  readonly table: Required<GatherMap>;
  /** A patch attends to the patches of its own picture. */
  readonly spans: { query: Tensor; key: Tensor };
  readonly #patchSize: number;

  /** @param capacity patches, a multiple of the merge block (4) */
  constructor(
    readonly plan: Plan,
    readonly config: VisionConfig,
    readonly capacity: number,
  ) {
    const { inChannels, temporalPatchSize, patchSize, numPositionEmbeddings } = config;
    this.#patchSize = inChannels * temporalPatchSize * patchSize * patchSize;
    this.pixels = plan.empty("pixel_values", [capacity, this.#patchSize]);
    this.positions = plan.empty("vision.positions", [2, capacity], "u32");
    this.table = {
      index: plan.empty("vision.table.index", [capacity, 4], "u32"),
      weight: plan.empty("vision.table.weight", [capacity, 4]),
      inverse: {
        start: plan.empty("vision.table.start", [numPositionEmbeddings + 1], "u32"),
        entry: plan.empty("vision.table.entry", [capacity * 4], "u32"),
      },
    };
    this.spans = {
      query: plan.empty("vision.spans.query", [capacity, 4], "u32"),
      key: plan.empty("vision.spans.key", [capacity, 4], "u32"),
    };
  }

  /** Image tokens after merging, of the whole capacity. */
  get tokens(): number {
    return this.capacity / this.config.spatialMergeSize ** 2;
  }

  /** Overwrites the buffers. @returns the first image token of each picture */
  fill(images: readonly PatchedImage[]): number[] {
    const P = this.capacity;
    const pixels = new Float32Array(P * this.#patchSize);
    const positions = new Uint32Array(2 * P);
    const index = new Uint32Array(P * 4).fill(0xffffffff);
    const weight = new Float32Array(P * 4);
    const spans = new Uint32Array(P * 4);
    const firstTokens: number[] = [];
    const tables = new Map<string, ReturnType<typeof tablePositions>>();
    let at = 0;
    for (const { values, grid } of images) {
      const count = grid.t * grid.h * grid.w;
      if (at + count > P) throw new RangeError(`pictures have more than ${P} patches together`);
      if (values.length !== count * this.#patchSize)
        throw new RangeError(`a picture of ${grid.h} x ${grid.w} patches has ${values.length} values, expected ${count * this.#patchSize}`);
      firstTokens.push(at / this.config.spatialMergeSize ** 2);
      pixels.set(values, at * this.#patchSize);
      const { row, column } = patchCoordinates(grid, this.config.spatialMergeSize);
      positions.set(row, at);
      positions.set(column, P + at);
      const key = `${grid.h} ${grid.w}`;
      const table = tables.get(key) ?? tablePositions(grid, this.config);
      tables.set(key, table);
      const perFrame = grid.h * grid.w;
      for (let frame = 0; frame < grid.t; frame++) {
        const begin = at + frame * perFrame;
        index.set(table.index, begin * 4);
        weight.set(table.weight, begin * 4);
        for (let p = begin; p < begin + perFrame; p++) spans.set([begin, begin + perFrame], p * 4);
      }
      at += count;
    }
    const { gpu } = this.plan;
    const inverse = inverseOf(index, this.config.numPositionEmbeddings, P * 4);
    gpu.write(this.pixels, pixels);
    gpu.write(this.positions, positions);
    gpu.write(this.table.index, index);
    gpu.write(this.table.weight, weight);
    gpu.write(this.table.inverse.start, inverse.start);
    gpu.write(this.table.inverse.entry, inverse.entry);
    gpu.write(this.spans.query, spans);
    gpu.write(this.spans.key, spans);
    return firstTokens;
  }
}
