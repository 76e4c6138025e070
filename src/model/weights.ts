import type { Tape } from "../gpu/tape.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { linear } from "../ops/linear.ts";
import type { LoraAdapter } from "./lora.ts";
import type { ParameterShape, Parameters } from "./parameters.ts";

/** A model's weights by their Hugging Face names, and its linear layers with the adapter that may sit on them. */
export class Weights {
  adapter: LoraAdapter | null = null;

  constructor(readonly parameters: Parameters) {}

  get(name: string): Tensor {
    return this.parameters.get(name);
  }

  /**
   * Applies a linear layer: weight, bias where there is one, adapter where there is one.
   *
   * @param module  name without `.weight`
   * @param x       (N, I)
   * @returns       (N, O), or of as many rows as asked for
   */
  linear(
    tape: Tape,
    module: string,
    x: Tensor,
    options: { residual?: Tensor; rows?: readonly [number, number] } = {},
  ): Tensor {
    const bias = `${module}.bias`;
    return linear(tape, x, this.get(`${module}.weight`), {
      ...options,
      bias: this.parameters.has(bias) ? this.get(bias) : null,
      adapter: this.adapter?.on(module),
    });
  }
}

/** Collects names and shapes in the order in which a model uses its weights. */
export class Shapes {
  readonly all: ParameterShape[] = [];

  add(name: string, ...shape: number[]): void {
    this.all.push({ name, shape });
  }

  linear(module: string, O: number, I: number, bias: boolean): void {
    this.add(`${module}.weight`, O, I);
    if (bias) this.add(`${module}.bias`, O);
  }

  layerNorm(module: string, C: number): void {
    this.add(`${module}.weight`, C);
    this.add(`${module}.bias`, C);
  }
}
