import type { Gpu } from "../gpu/gpu.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { CacheDtype } from "../ops/cache_kernels.ts";
import { fullAttention, type TextConfig } from "./config.ts";

/** What keys and values may be held in. */
export const cacheDtypes = ["f32", "bf16"] as const satisfies readonly CacheDtype[];

/** @throws RangeError where heads cannot be held so */
export function expectCacheable({ headDim }: Pick<TextConfig, "headDim">, dtype: CacheDtype): void {
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

/** Keys and values of a layer, (S, K, D) each. */
export interface KeysAndValues {
  keys: Tensor;
  values: Tensor;
}

/** What full attention asks of a cache, whatever else a family keeps in it. */
export interface AttentionCache extends CacheState {
  /** @throws RangeError where the layer has no full attention */
  layer(index: number): KeysAndValues;
}

type CachedSizes = Pick<TextConfig, "numHiddenLayers" | "layerTypes" | "numKeyValueHeads" | "headDim">;

/** Keys and values of every layer with full attention. Row 0 takes what padding writes. */
export class KeyValueCache implements AttentionCache {
  readonly #layers: ReadonlyMap<number, KeysAndValues>;

  constructor(
    readonly gpu: Gpu,
    config: CachedSizes,
    readonly rows: number,
    dtype: CacheDtype = "f32",
  ) {
    expectCacheable(config, dtype);
    const shape = [rows, config.numKeyValueHeads, config.headDim];
    const layers = new Map<number, KeysAndValues>();
    for (const [i, type] of config.layerTypes.slice(0, config.numHiddenLayers).entries())
      if (type === fullAttention)
        layers.set(i, {
          keys: gpu.empty(`cache.${i}.keys`, shape, dtype),
          values: gpu.empty(`cache.${i}.values`, shape, dtype),
        });
    this.#layers = layers;
  }

  layer(index: number): KeysAndValues {
    const layer = this.#layers.get(index);
    if (!layer) throw new RangeError(`the cache has no keys and values of layer ${index}`);
    return layer;
  }

  free(): void {
    for (const { keys, values } of this.#layers.values())
      for (const { buffer } of [keys, values]) this.gpu.release(buffer);
  }
}
