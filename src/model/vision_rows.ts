import type { Plan } from "../gpu/plan.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { Pixels } from "../image/pixels.ts";
import { patchify } from "../ops/patchify.ts";
import type { VisionConfig } from "./config.ts";
import { GpuPictures, type WantedPicture } from "./pictures/gpu_pictures.ts";
import { type Grid, patchCoordinates, patchCount } from "./positions.ts";
import { type SpanBuffers, spanBuffers, writeSpans } from "./row_buffers.ts";

/** One picture as the model sees it, resized to whole merge blocks of patches. */
export interface InputImage {
  pixels: Pixels;
  grid: Grid;
}

/** A resized picture with its grid. @throws Error where its sides are not whole blocks */
export function inputImage(pixels: Pixels, { patchSize, spatialMergeSize }: VisionConfig): InputImage {
  const side = patchSize * spatialMergeSize;
  const { width, height } = pixels;
  if (width % side !== 0 || height % side !== 0 || width === 0 || height === 0)
    throw new Error(
      `The vision tower needs pictures whose sides are multiples of ${side} (patch ${patchSize} x merge ${spatialMergeSize}), found ${width} x ${height}; resize it first`,
    );
  return { pixels, grid: { t: 1, h: height / patchSize, w: width / patchSize } };
}

/** Buffers that one family's tower reads beside those of all towers. */
export interface OwnRows {
  /** Overwrites them for these pictures, one after another. */
  fill(images: readonly InputImage[]): void;
}

interface VisionRowsOptions<Own extends OwnRows> {
  /** Patches, a multiple of the merge block. */
  capacity: number;
  /** Whether a backward pass is to be recorded. */
  trained: boolean;
  /** The patch of the processor's order at each place. */
  patchesOf: (grid: Grid) => Uint32Array;
  own: Own;
}

/** Pictures of different sizes, patch after patch, in buffers of a fixed capacity that the host fills before a replay. */
export class VisionRows<Own extends OwnRows = OwnRows> {
  readonly capacity: number;
  readonly own: Own;
  /** u32 words: the pictures' bytes. */
  readonly levels: Tensor;
  /** u32 (P, 4): first byte of the picture, row, column, width in pixels. */
  readonly patches: Tensor;
  /** (2, P): row and column of each patch. */
  readonly positions: Tensor;
  /** A patch attends to the patches of its own picture. */
  readonly spans: SpanBuffers;
  readonly #patchesOf: (grid: Grid) => Uint32Array;
  /** Sizes of the pictures that the buffers were written for last. */
  #filledFor: string | null = null;

  constructor(
    readonly plan: Plan,
    readonly config: VisionConfig,
    { capacity, trained, patchesOf, own }: VisionRowsOptions<Own>,
  ) {
    this.capacity = capacity;
    this.own = own;
    this.#patchesOf = patchesOf;
    const words = Math.ceil((capacity * config.patchSize ** 2 * 3) / 4);
    this.levels = plan.empty("vision.levels", [words], "u32");
    this.patches = plan.empty("vision.patches", [capacity, 4], "u32");
    this.positions = plan.empty("vision.positions", [2, capacity], "u32");
    this.spans = spanBuffers(plan, "vision.spans", capacity, trained);
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
  fill(images: readonly InputImage[]): number[] {
    const { patchSize, spatialMergeSize } = this.config;
    const firstTokens: number[] = [];
    const levels: WantedPicture[] = [];
    let first = 0;
    for (const { pixels, grid } of images) {
      firstTokens.push(first / spatialMergeSize ** 2);
      levels.push({ pixels, firstByte: first * patchSize ** 2 * 3 });
      first += patchCount(grid);
    }
    if (first > this.capacity) throw new RangeError(`pictures have more than ${this.capacity} patches together`);
    GpuPictures.of(this.plan.gpu).write(this.levels, levels);
    // All else follows from the pictures' sizes, which are often those of the run before.
    const placed = this.#withOthersOfTheirSize(images);
    const sizes = placed.map(({ grid: { t, h, w } }) => `${t} ${h} ${w}`).join();
    if (sizes !== this.#filledFor) this.#place(placed);
    this.#filledFor = sizes;
    return firstTokens;
  }

  /**
   * Where all pictures are of one size, as many as there is room for, so that another number of them needs no other rows. Nobody
   * reads what is computed of more than there are, and no gradient comes from it.
   */
  #withOthersOfTheirSize(images: readonly InputImage[]): readonly InputImage[] {
    const [first] = images;
    if (!first) return images;
    const { t, h, w } = first.grid;
    if (!images.every(({ grid }) => grid.t === t && grid.h === h && grid.w === w)) return images;
    return new Array<InputImage>(Math.floor(this.capacity / patchCount(first.grid))).fill(first);
  }

  /** Writes where each patch stands, and which patches see each other. */
  #place(images: readonly InputImage[]): void {
    const P = this.capacity;
    const { patchSize, spatialMergeSize } = this.config;
    const patches = new Uint32Array(P * 4);
    const positions = new Uint32Array(2 * P);
    const spans = new Uint32Array(P * 4);
    const bySize = new Map<string, { row: Uint32Array; column: Uint32Array; order: Uint32Array }>();
    let first = 0;
    for (const { pixels, grid } of images) {
      const size = `${grid.t} ${grid.h} ${grid.w}`;
      const { row, column, order } = bySize.get(size) ?? {
        ...patchCoordinates(grid, spatialMergeSize),
        order: this.#patchesOf(grid),
      };
      bySize.set(size, { row, column, order });
      const firstByte = first * patchSize ** 2 * 3;
      const perFrame = grid.h * grid.w;
      for (let place = 0; place < order.length; place++) {
        const at = first + place;
        const patch = order[place]!;
        patches[at * 4] = firstByte;
        patches[at * 4 + 1] = positions[at] = row[patch]!;
        patches[at * 4 + 2] = positions[P + at] = column[patch]!;
        patches[at * 4 + 3] = pixels.width;
        const begin = at - (place % perFrame);
        spans[at * 4] = begin;
        spans[at * 4 + 1] = begin + perFrame;
      }
      first += patchCount(grid);
    }
    const { gpu } = this.plan;
    gpu.write(this.patches, patches);
    gpu.write(this.positions, positions);
    writeSpans(this.plan, this.spans, spans);
    this.own.fill(images);
  }
}
