import type { Plan } from "../gpu/plan.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import type { Spans } from "../ops/attention.ts";
import type { GatherMap } from "../ops/gather.ts";
import { inverseBuffers, spanBuffers, writeInverse } from "./row_buffers.ts";

/** Words of the host, in an array of either kind. */
export type Words = readonly number[] | Uint32Array;

/** The host's values of packed rows, one a row; arrays may be shorter than the capacity, the rest is padding. */
export interface TextRowValues {
  /** Token ids; `noIndex` at image tokens. */
  tokens: Words;
  /** Row of the vision tower's output at image tokens, else `noIndex`. */
  imageRows: Words;
  t: Words;
  h: Words;
  w: Words;
  /** Four numbers a row: the two key ranges that it attends to. */
  querySpans: Words;
  /** Four numbers a key: the two row ranges that attend to it. Only where the rows are trained. */
  keySpans?: Words;
  /** The row of the cache for the row's keys and values. Only where there is a cache. */
  cacheRows?: Words;
}

interface TextRowsOptions {
  /** Rows. */
  capacity: number;
  vocabSize: number;
  /** Rows of the vision tower's output, 0 where no picture can come. */
  imageTokens: number;
  /** Whether a backward pass is to be recorded. */
  trained: boolean;
  /** Where each row has keys of its own, as in decoding: how many at most. */
  mostKeys?: number;
}

/** Packed rows of text of a fixed capacity N, in buffers that the host (or the sampler) fills before a replay. */
export class TextRows {
  readonly tokens: GatherMap;
  readonly images: GatherMap;
  /** (3, N) */
  readonly positions: Tensor;
  readonly spans: Spans;
  readonly cacheRows: Tensor;
  #staged: Uint32Array<ArrayBuffer> | null = null;

  constructor(
    readonly plan: Plan,
    readonly options: TextRowsOptions,
  ) {
    const { capacity: N, vocabSize, imageTokens, trained, mostKeys } = options;
    this.tokens = {
      index: plan.empty("text.tokens", [N, 1], "u32"),
      ...(trained ? inverseBuffers(plan, "text.tokens", vocabSize, N) : {}),
    };
    this.images = {
      index: plan.empty("text.images", [N, 1], "u32"),
      ...(trained ? inverseBuffers(plan, "text.images", imageTokens, N) : {}),
    };
    this.positions = plan.empty("text.positions", [3, N], "u32");
    this.spans = {
      ...(mostKeys ? { mostKeys } : {}),
      ...spanBuffers(plan, "text.spans", N, trained),
    };
    this.cacheRows = plan.empty("text.cache_rows", [N], "u32");
  }

  get capacity(): number {
    return this.options.capacity;
  }

  fill(values: TextRowValues): void {
    const { capacity: N, vocabSize, imageTokens } = this.options;
    if (values.tokens.length > N) throw new RangeError(`${values.tokens.length} rows do not fit a plan of ${N}`);
    const { gpu } = this.plan;
    const tokens = this.#padded(values.tokens, N, noIndex);
    gpu.write(this.tokens.index, tokens);
    writeInverse(this.plan, this.tokens, tokens, vocabSize);
    const images = this.#padded(values.imageRows, N, noIndex);
    gpu.write(this.images.index, images);
    writeInverse(this.plan, this.images, images, imageTokens);
    const positions = this.#padded([], 3 * N, 0);
    positions.set(values.t);
    positions.set(values.h, N);
    positions.set(values.w, 2 * N);
    gpu.write(this.positions, positions);
    gpu.write(this.spans.query, this.#padded(values.querySpans, N * 4, 0));
    // Padding writes its keys to row 0 of a cache, which is never read.
    gpu.write(this.cacheRows, this.#padded(values.cacheRows ?? [], N, 0));
    if (this.spans.key) gpu.write(this.spans.key, this.#padded(values.keySpans ?? [], N * 4, 0));
  }

  /** Words and padding behind them, in the one array that all are written from: what a device is given is copied at once. */
  #padded(source: Words, length: number, padding: number): Uint32Array<ArrayBuffer> {
    this.#staged ??= new Uint32Array(this.capacity * 4);
    const words = this.#staged.subarray(0, length);
    words.set(source);
    words.fill(padding, source.length);
    return words;
  }
}
