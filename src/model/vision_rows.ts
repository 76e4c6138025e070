import type { Plan } from "../gpu/plan.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { Pixels } from "../image/pixels.ts";
import { type GatherMap, inverseOf } from "../ops/gather.ts";
import { patchify } from "../ops/patchify.ts";
import type { VisionConfig } from "./config.ts";
import { type Grid, patchCoordinates, patchOrder, tablePositions, windowOrder } from "./positions.ts";

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

/** Pictures of different sizes, patch after patch, in buffers of a fixed capacity that the host fills before a replay. */
export class VisionRows {
  /** u32 words: the pictures' bytes. */
  readonly levels: Tensor;
  /** u32 (P, 4): first byte of the picture, row, column, width in pixels. */
  readonly patches: Tensor;
  /** (2, P): row and column of each patch. */
  readonly positions: Tensor;
  /** Qwen3-VL: where each patch reads the learned position table. */
  readonly table: GatherMap | null;
  /** A patch attends to the patches of its own picture. */
  readonly spans: { query: Tensor; key?: Tensor };
  /** Qwen2.5-VL: patches stand window by window; `restore` brings image tokens back into the order of the text. */
  readonly windows: { spans: { query: Tensor; key?: Tensor }; restore: GatherMap } | null;

  /** @param capacity patches, a multiple of the merge block (4) */
  constructor(
    readonly plan: Plan,
    readonly config: VisionConfig,
    readonly capacity: number,
    readonly trained: boolean,
  ) {
    const { patchSize } = config;
    this.levels = plan.empty("vision.levels", [Math.ceil((capacity * patchSize * patchSize * 3) / 4)], "u32");
    this.patches = plan.empty("vision.patches", [capacity, 4], "u32");
    this.positions = plan.empty("vision.positions", [2, capacity], "u32");
    const spans = (name: string) => ({
      query: plan.empty(`${name}.query`, [capacity, 4], "u32"),
      ...(trained ? { key: plan.empty(`${name}.key`, [capacity, 4], "u32") } : {}),
    });
    const inverse = (name: string, rows: number, entries: number) =>
      trained
        ? {
            inverse: {
              start: plan.empty(`${name}.start`, [rows + 1], "u32"),
              entry: plan.empty(`${name}.entry`, [entries], "u32"),
            },
          }
        : {};
    this.spans = spans("vision.spans");
    this.table =
      config.family === "qwen3_vl"
        ? {
            index: plan.empty("vision.table.index", [capacity, 4], "u32"),
            weight: plan.empty("vision.table.weight", [capacity, 4]),
            ...inverse("vision.table", config.numPositionEmbeddings, capacity * 4),
          }
        : null;
    this.windows =
      config.family === "qwen2_5_vl"
        ? {
            spans: spans("vision.windows"),
            restore: {
              index: plan.empty("vision.restore.index", [this.tokens, 1], "u32"),
              ...inverse("vision.restore", this.tokens, this.tokens),
            },
          }
        : null;
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
    const P = this.capacity;
    const { patchSize, spatialMergeSize } = this.config;
    const levels = new Uint8Array(this.levels.shape[0]! * 4);
    const patches = new Uint32Array(P * 4);
    const positions = new Uint32Array(2 * P);
    const spans = new Uint32Array(P * 4);
    const firstTokens: number[] = [];
    let at = 0;
    for (const { pixels, grid } of images) {
      const count = grid.t * grid.h * grid.w;
      if (at + count > P) throw new RangeError(`pictures have more than ${P} patches together`);
      firstTokens.push(at / spatialMergeSize ** 2);
      const firstByte = at * patchSize ** 2 * 3;
      levels.set(pixels.data, firstByte);
      const { row, column } = patchCoordinates(grid, spatialMergeSize);
      const perFrame = grid.h * grid.w;
      patchOrder(grid, this.config).forEach((patch, p) => {
        patches.set([firstByte, row[patch]!, column[patch]!, pixels.width], (at + p) * 4);
        positions[at + p] = row[patch]!;
        positions[P + at + p] = column[patch]!;
        const begin = at + p - (p % perFrame);
        spans.set([begin, begin + perFrame], (at + p) * 4);
      });
      at += count;
    }
    const { gpu } = this.plan;
    gpu.write(this.levels, new Uint32Array(levels.buffer));
    gpu.write(this.patches, patches);
    gpu.write(this.positions, positions);
    this.#writeSpans(this.spans, spans);
    this.#fillTable(images);
    this.#fillWindows(images);
    return firstTokens;
  }

  #fillTable(images: readonly InputImage[]): void {
    const { table, config, capacity, plan } = this;
    if (!table || config.family !== "qwen3_vl") return;
    const index = new Uint32Array(capacity * 4).fill(0xffffffff);
    const weight = new Float32Array(capacity * 4);
    const tables = new Map<string, ReturnType<typeof tablePositions>>();
    let at = 0;
    for (const { grid } of images) {
      const key = `${grid.h} ${grid.w}`;
      const one = tables.get(key) ?? tablePositions({ ...grid, t: 1 }, config);
      tables.set(key, one);
      for (let frame = 0; frame < grid.t; frame++, at += grid.h * grid.w) {
        index.set(one.index, at * 4);
        weight.set(one.weight, at * 4);
      }
    }
    plan.gpu.write(table.index, index);
    plan.gpu.write(table.weight!, weight);
    this.#writeInverse(table, index, config.numPositionEmbeddings);
  }

  #fillWindows(images: readonly InputImage[]): void {
    const { windows, config, capacity, plan } = this;
    if (!windows || config.family !== "qwen2_5_vl") return;
    const unit = config.spatialMergeSize ** 2;
    const spans = new Uint32Array(capacity * 4);
    const restore = new Uint32Array(this.tokens).fill(0xffffffff);
    let first = 0;
    for (const { grid } of images) {
      const { order, spans: windowOf } = windowOrder(grid, config);
      order.forEach((block, place) => {
        restore[first + block] = first + place;
        const [begin, end] = [(first + windowOf[place * 2]!) * unit, (first + windowOf[place * 2 + 1]!) * unit];
        for (let p = 0; p < unit; p++) spans.set([begin, end], ((first + place) * unit + p) * 4);
      });
      first += order.length;
    }
    this.#writeSpans(windows.spans, spans);
    plan.gpu.write(windows.restore.index, restore);
    this.#writeInverse(windows.restore, restore, this.tokens);
  }

  /** Who attends whom is the same from both sides. */
  #writeSpans(to: { query: Tensor; key?: Tensor }, spans: Uint32Array): void {
    this.plan.gpu.write(to.query, spans);
    if (to.key) this.plan.gpu.write(to.key, spans);
  }

  #writeInverse({ inverse }: GatherMap, index: Uint32Array, rows: number): void {
    if (!inverse) return;
    const { start, entry } = inverseOf(index, rows, inverse.entry.shape[0]!);
    this.plan.gpu.write(inverse.start, start);
    this.plan.gpu.write(inverse.entry, entry);
  }
}
