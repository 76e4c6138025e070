import type { Gpu } from "../gpu/gpu.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { TextConfig } from "./config.ts";

/** Keys and values of every layer, (S, K, D) each. Row 0 takes what padding writes. */
export class Cache {
  readonly layers: { keys: Tensor; values: Tensor }[];

  constructor(
    readonly gpu: Gpu,
    config: TextConfig,
    readonly rows: number,
  ) {
    const shape = [rows, config.numKeyValueHeads, config.headDim];
    this.layers = Array.from({ length: config.numHiddenLayers }, (_, i) => ({
      keys: gpu.empty(`cache.${i}.keys`, shape),
      values: gpu.empty(`cache.${i}.values`, shape),
    }));
  }

  free(): void {
    for (const { keys, values } of this.layers) for (const { buffer } of [keys, values]) this.gpu.release(buffer);
  }
}
