import type { Plan } from "../gpu/plan.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import type { Spans } from "../ops/attention.ts";
import type { GatherMap } from "../ops/gather.ts";
import { inverseBuffers, spanBuffers, writeInverse } from "./row_buffers.ts";

/** The host's values of packed rows, one a row; arrays may be shorter than the capacity, the rest is padding. */
export interface TextRowValues {
  /** Token ids; `noIndex` at image tokens. */
  tokens: readonly number[];
  /** Row of the vision tower's output at image tokens, else `noIndex`. */
  imageRows: readonly number[];
  t: readonly number[];
  h: readonly number[];
  w: readonly number[];
  /** Four numbers a row: the two key ranges that it attends to. */
  querySpans: readonly number[];
  /** Four numbers a key: the two row ranges that attend to it. Only where the rows are trained. */
  keySpans?: readonly number[];
  /** The row of the cache for the row's keys and values. Only where there is a cache. */
  cacheRows?: readonly number[];
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
    const padded = (source: readonly number[], length: number, padding: number) => {
      const array = new Uint32Array(length).fill(padding);
      array.set(source);
      return array;
    };
    const tokens = padded(values.tokens, N, noIndex);
    const images = padded(values.imageRows, N, noIndex);
    gpu.write(this.tokens.index, tokens);
    gpu.write(this.images.index, images);
    const positions = new Uint32Array(3 * N);
    for (const [axis, along] of [values.t, values.h, values.w].entries()) positions.set(along, axis * N);
    gpu.write(this.positions, positions);
    gpu.write(this.spans.query, padded(values.querySpans, N * 4, 0));
    // Padding writes its keys to row 0 of a cache, which is never read.
    gpu.write(this.cacheRows, padded(values.cacheRows ?? [], N, 0));
    if (this.spans.key) gpu.write(this.spans.key, padded(values.keySpans ?? [], N * 4, 0));
    writeInverse(this.plan, this.tokens, tokens, vocabSize);
    writeInverse(this.plan, this.images, images, imageTokens);
  }
}
