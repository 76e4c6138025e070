import type { LoraAdapter } from "./lora.ts";
import type { Model } from "./model.ts";
import type { Parameters } from "./parameters.ts";

/** A model's weights, a few rows at a time. */
export interface WeightRows {
  /** Rows [first, end) of a weight by its name, as f32; a vector's rows are its numbers. */
  rows(name: string, first: number, end: number): Promise<Float32Array>;
}

/** Two matrices whose product is added to a weight: down (R, I) and up (O, R). */
interface Added {
  down: Float32Array;
  up: Float32Array;
  scaling: number;
}

/** What a model computes with: its weights as its ops read them, and an adapter's product added (PEFT's merge). */
export class MergedWeights implements WeightRows {
  readonly #parameters: Parameters;
  readonly #adapter: LoraAdapter | null;
  /** Of the layer that was read last: its rows are read in pieces. */
  #last: { name: string; added: Added | null } | null = null;

  constructor({ parameters, adapter }: Pick<Model, "parameters" | "adapter">) {
    this.#parameters = parameters;
    this.#adapter = adapter;
  }

  async rows(name: string, first: number, end: number): Promise<Float32Array> {
    const values = await this.#parameters.readRows(name, first, end);
    const added = await this.#added(name);
    if (added) addProduct(values, added, first, end);
    return values;
  }

  async #added(name: string): Promise<Added | null> {
    if (this.#last?.name !== name) {
      const module = /^(.*)\.weight$/.exec(name)?.[1];
      const added = module === undefined ? null : ((await this.#adapter?.matrices(module)) ?? null);
      this.#last = { name, added };
    }
    return this.#last.added;
  }
}

/** values += scaling · up[first..end] · down, four ranks at a time. */
function addProduct(values: Float32Array, { down, up, scaling }: Added, first: number, end: number): void {
  const I = values.length / (end - first);
  const R = down.length / I;
  for (let row = first; row < end; row++) {
    const out = values.subarray((row - first) * I, (row - first + 1) * I);
    for (let r = 0; r < R; r += 4) {
      const factor = (k: number) => (r + k < R ? (up[row * R + r + k] ?? 0) * scaling : 0);
      const [f0, f1, f2, f3] = [factor(0), factor(1), factor(2), factor(3)];
      const line = (k: number) => Math.min(r + k, R - 1) * I;
      const [d0, d1, d2, d3] = [line(0), line(1), line(2), line(3)];
      for (let i = 0; i < I; i++)
        out[i] = out[i]! + f0 * down[d0 + i]! + f1 * down[d1 + i]! + f2 * down[d2 + i]! + f3 * down[d3 + i]!;
    }
  }
}
