import type { Plan } from "../gpu/plan.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { type GatherMap, inverseOf } from "../ops/gather.ts";
import { patchify } from "../ops/patchify.ts";
import type { Pixels } from "../image/pixels.ts";
import type { VisionConfig } from "./config.ts";
import { type Grid, patchCoordinates, tablePositions } from "./positions.ts";

/** One picture as the model sees it, resized to whole merge blocks of patches. */
export interface ShownImage {
  pixels: Pixels;
  grid: Grid;
}

/** A resized picture with its grid. @throws Error where its sides are not whole blocks */
export function shownImage(pixels: Pixels, { patchSize, spatialMergeSize }: VisionConfig): ShownImage {
  const side = patchSize * spatialMergeSize;
  const { width, height } = pixels;
  if (width % side !== 0 || height % side !== 0 || width === 0 || height === 0)
    throw new Error(
      `The vision tower needs pictures whose sides are multiples of ${side} (patch ${patchSize} x merge ${spatialMergeSize}), found ${width} x ${height}; resize it first`,
    );
  return { pixels, grid: { t: 1, h: height / patchSize, w: width / patchSize } };
}

/** Pictures of different sizes, patch after patch, in buffers of a fixed capacity that the host fills before a replay. */
export class VisionRows {
  /** u32 words: the pictures' bytes. */
  readonly levels: Tensor;
  /** u32 (P, 4): first byte of the picture, row, column, width in pixels. */
  readonly patches: Tensor;
  /** (2, P): row and column of each patch. */
  readonly positions: Tensor;
  readonly table: GatherMap;
  /** A patch attends to the patches of its own picture. */
  readonly spans: { query: Tensor; key?: Tensor };

  /** @param capacity patches, a multiple of the merge block (4) */
  constructor(
    readonly plan: Plan,
    readonly config: VisionConfig,
    readonly capacity: number,
    readonly trained: boolean,
  ) {
    const { patchSize, numPositionEmbeddings } = config;
    this.levels = plan.empty("vision.levels", [Math.ceil((capacity * patchSize * patchSize * 3) / 4)], "u32");
    this.patches = plan.empty("vision.patches", [capacity, 4], "u32");
    this.positions = plan.empty("vision.positions", [2, capacity], "u32");
    this.table = {
      index: plan.empty("vision.table.index", [capacity, 4], "u32"),
      weight: plan.empty("vision.table.weight", [capacity, 4]),
      ...(trained
        ? {
            inverse: {
              start: plan.empty("vision.table.start", [numPositionEmbeddings + 1], "u32"),
              entry: plan.empty("vision.table.entry", [capacity * 4], "u32"),
            },
          }
        : {}),
    };
    this.spans = {
      query: plan.empty("vision.spans.query", [capacity, 4], "u32"),
      ...(trained ? { key: plan.empty("vision.spans.key", [capacity, 4], "u32") } : {}),
    };
  }

  /** What the tower reads: (P, channels x frames x S x S). */
  pixelValues(): Tensor {
    const { patchSize, temporalPatchSize, imageMean: mean, imageStd: std } = this.config;
    return patchify(this.plan, this.levels, this.patches, { patchSize, temporalPatchSize, mean, std });
  }

  /** Image tokens after merging, of the whole capacity. */
  get tokens(): number {
    return this.capacity / this.config.spatialMergeSize ** 2;
  }

  /** Overwrites the buffers. @returns the first image token of each picture */
  fill(images: readonly ShownImage[]): number[] {
    const P = this.capacity;
    const levels = new Uint8Array(this.levels.shape[0]! * 4);
    const patches = new Uint32Array(P * 4);
    const positions = new Uint32Array(2 * P);
    const index = new Uint32Array(P * 4).fill(0xffffffff);
    const weight = new Float32Array(P * 4);
    const spans = new Uint32Array(P * 4);
    const firstTokens: number[] = [];
    const tables = new Map<string, ReturnType<typeof tablePositions>>();
    let at = 0;
    for (const { pixels, grid } of images) {
      const count = grid.t * grid.h * grid.w;
      if (at + count > P) throw new RangeError(`pictures have more than ${P} patches together`);
      firstTokens.push(at / this.config.spatialMergeSize ** 2);
      const firstByte = at * this.config.patchSize ** 2 * 3;
      levels.set(pixels.data, firstByte);
      const { row, column } = patchCoordinates(grid, this.config.spatialMergeSize);
      for (let p = 0; p < count; p++) patches.set([firstByte, row[p]!, column[p]!, pixels.width], (at + p) * 4);
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
    gpu.write(this.levels, new Uint32Array(levels.buffer));
    gpu.write(this.patches, patches);
    gpu.write(this.positions, positions);
    gpu.write(this.table.index, index);
    gpu.write(this.table.weight!, weight);
    gpu.write(this.spans.query, spans);
    if (this.trained) {
      const inverse = inverseOf(index, this.config.numPositionEmbeddings, P * 4);
      gpu.write(this.table.inverse!.start, inverse.start);
      gpu.write(this.table.inverse!.entry, inverse.entry);
      gpu.write(this.spans.key!, spans);
    }
    return firstTokens;
  }
}
