import type { Gpu } from "../gpu/gpu.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { CacheDtype } from "../ops/cache_kernels.ts";
import type { TextConfig } from "./config.ts";

/** What keys and values may be held in. */
export const cacheDtypes = ["f32", "bf16"] as const satisfies readonly CacheDtype[];

/** @throws RangeError where heads cannot be held so */
export function expectCacheable({ headDim }: TextConfig, dtype: CacheDtype): void {
  if (dtype !== "f32" && headDim % 4 !== 0)
    throw new RangeError(
      `kvCacheDtype is ${dtype}, which needs heads whose size four divides, and the model's have ${headDim}; leave it at f32`,
    );
}

/** What text passes keep of the rows before theirs. What is in it is known to the family that made it. */
export interface CacheState {
  free(): void;
}

/** What a cache is to hold: tokens, each in a row of its own, and how many prompts and conversations they belong to. */
export interface CacheSize {
  /** Row 0 takes what padding writes. */
  rows: number;
  /** For a state that does not grow with the tokens; keys and values need none. */
  sequences: number;
}

/** Keys and values of every layer, (S, K, D) each. Row 0 takes what padding writes. */
export class KeyValueCache implements CacheState {
  readonly layers: readonly { keys: Tensor; values: Tensor }[];

  constructor(
    readonly gpu: Gpu,
    config: TextConfig,
    readonly rows: number,
    dtype: CacheDtype = "f32",
  ) {
    expectCacheable(config, dtype);
    const shape = [rows, config.numKeyValueHeads, config.headDim];
    this.layers = Array.from({ length: config.numHiddenLayers }, (_, i) => ({
      keys: gpu.empty(`cache.${i}.keys`, shape, dtype),
      values: gpu.empty(`cache.${i}.values`, shape, dtype),
    }));
  }

  layer(index: number): { keys: Tensor; values: Tensor } {
    const layer = this.layers[index];
    if (!layer) throw new RangeError(`a cache of ${this.layers.length} layers has no layer ${index}`);
    return layer;
  }

  free(): void {
    for (const { keys, values } of this.layers) for (const { buffer } of [keys, values]) this.gpu.release(buffer);
  }
}
