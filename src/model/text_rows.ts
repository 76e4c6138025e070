import type { Plan } from "../gpu/plan.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import type { Spans } from "../ops/attention.ts";
import { type GatherMap, inverseOf } from "../ops/gather.ts";

/** What the host says of packed rows, one value a row; arrays may be shorter than the capacity, the rest is padding. */
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
  /** Where the row's keys and values go in the cache. Only where there is one. */
  cacheRows?: readonly number[];
}

/** Packed rows of text of a fixed capacity N, in buffers that the host (or the sampler) fills before a replay. */
export class TextRows {
  readonly tokens: GatherMap;
  readonly images: GatherMap;
  /** (3, N) */
  readonly positions: Tensor;
  readonly spans: Spans;
  readonly cacheRows: Tensor;

  /**
   * @param imageTokens  rows of the vision tower's output, 0 where no picture can come
   * @param mostKeys     where each row has keys of its own, as in decoding: how many at most
   */
  constructor(
    readonly plan: Plan,
    readonly capacity: number,
    readonly vocabSize: number,
    readonly imageTokens: number,
    readonly trained: boolean,
    mostKeys?: number,
  ) {
    const N = capacity;
    const inverse = (name: string, rows: number) => ({
      start: plan.empty(`${name}.start`, [rows + 1], "u32"),
      entry: plan.empty(`${name}.entry`, [N], "u32"),
    });
    this.tokens = {
      index: plan.empty("text.tokens", [N, 1], "u32"),
      ...(trained ? { inverse: inverse("text.tokens", vocabSize) } : {}),
    };
    this.images = {
      index: plan.empty("text.images", [N, 1], "u32"),
      ...(trained ? { inverse: inverse("text.images", imageTokens) } : {}),
    };
    this.positions = plan.empty("text.positions", [3, N], "u32");
    this.spans = {
      ...(mostKeys ? { mostKeys } : {}),
      query: plan.empty("text.spans.query", [N, 4], "u32"),
      ...(trained ? { key: plan.empty("text.spans.key", [N, 4], "u32") } : {}),
    };
    this.cacheRows = plan.empty("text.cache_rows", [N], "u32");
  }

  fill(values: TextRowValues): void {
    const N = this.capacity;
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
    gpu.write(
      this.positions,
      Uint32Array.from([values.t, values.h, values.w].flatMap((axis) => [...padded(axis, N, 0)])),
    );
    gpu.write(this.spans.query, padded(values.querySpans, N * 4, 0));
    // Padding writes its keys to row 0 of a cache, which nobody reads.
    gpu.write(this.cacheRows, padded(values.cacheRows ?? [], N, 0));
    if (!this.trained) return;
    gpu.write(this.spans.key!, padded(values.keySpans ?? [], N * 4, 0));
    for (const [map, index, rows] of [
      [this.tokens, tokens, this.vocabSize],
      [this.images, images, this.imageTokens],
    ] as const) {
      const { start, entry } = inverseOf(index, rows, N);
      gpu.write(map.inverse!.start, start);
      gpu.write(map.inverse!.entry, entry);
    }
  }
}
