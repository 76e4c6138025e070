import type { Gpu } from "../gpu/gpu.ts";
import { bytesOf, type Tensor } from "../gpu/tensor.ts";
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
  /** All layers where they lie in one buffer, keys and then values of each, and numbers from one of these to the next; f32 alone does. */
  readonly together?: { whole: Tensor; apart: number } | null;
}

/** Up to this many bytes a cache is one buffer: small models decode in kernels that see all of it. */
const mostTogetherBytes = 2 ** 28;
/** Where a tensor may begin in a buffer. */
const bindingBytes = 256;

type CachedSizes = Pick<TextConfig, "numHiddenLayers" | "layerTypes" | "numKeyValueHeads" | "headDim">;

/** Keys and values of every layer with full attention. Row 0 takes what padding writes. */
export class KeyValueCache implements AttentionCache {
  readonly #layers: ReadonlyMap<number, KeysAndValues>;
  readonly together: { whole: Tensor; apart: number } | null;

  constructor(
    readonly gpu: Gpu,
    config: CachedSizes,
    readonly rows: number,
    dtype: CacheDtype = "f32",
  ) {
    expectCacheable(config, dtype);
    const shape = [rows, config.numKeyValueHeads, config.headDim];
    const indices = config.layerTypes
      .slice(0, config.numHiddenLayers)
      .flatMap((type, i) => (type === fullAttention ? [i] : []));
    const apart = (Math.ceil(bytesOf({ shape, dtype }) / bindingBytes) * bindingBytes) / 4;
    const count = 2 * indices.length * apart;
    const isTogether =
      dtype === "f32" && indices.length > 0 && 4 * count <= Math.min(mostTogetherBytes, gpu.maxBindingBytes);
    const whole = isTogether ? gpu.empty("cache.keys and values", [count]) : null;
    this.together = whole && { whole, apart };
    const part = (name: string, place: number): Tensor =>
      whole
        ? { ...whole, name, shape, offsetBytes: whole.offsetBytes + 4 * apart * place }
        : gpu.empty(name, shape, dtype);
    const layers = new Map<number, KeysAndValues>();
    for (const [place, i] of indices.entries())
      layers.set(i, {
        keys: part(`cache.${i}.keys`, 2 * place),
        values: part(`cache.${i}.values`, 2 * place + 1),
      });
    this.#layers = layers;
  }

  layer(index: number): KeysAndValues {
    const layer = this.#layers.get(index);
    if (!layer) throw new RangeError(`the cache has no keys and values of layer ${index}`);
    return layer;
  }

  free(): void {
    const buffers = [...this.#layers.values()].flatMap(({ keys, values }) => [keys.buffer, values.buffer]);
    for (const buffer of new Set(buffers)) this.gpu.release(buffer);
  }
}
