import type { Tape } from "../gpu/tape.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { gelu, geluLinear } from "../ops/gelu.ts";
import { join } from "../ops/join.ts";
import { linear } from "../ops/linear.ts";
import { gatedLinear, swiglu } from "../ops/swiglu.ts";
import type { LoraAdapter } from "./lora.ts";
import type { ParameterShape, Parameters } from "./parameters.ts";
import { sidesOf } from "./weight_form.ts";

/** What a sublayer's result is added to, (N, C). */
export interface Residual {
  residual: Tensor;
}

/** A model's weights by their Hugging Face names, and its linear layers with the adapter that may sit on them. */
export class Weights {
  constructor(
    readonly parameters: Parameters,
    readonly adapter: LoraAdapter | null,
  ) {}

  get(name: string): Tensor {
    return this.parameters.get(name);
  }

  /** Vectors of a pack, one after the other. */
  vectors(names: readonly string[]): Tensor {
    const packed = this.parameters.packed(names);
    if (!packed) throw new TypeError(`${names.join(", ")} are not a pack`);
    return packed;
  }

  /**
   * Applies a linear layer: weight, bias where there is one, adapter where there is one; or several of one input, the
   * results side by side.
   *
   * @param modules  names without `.weight`, of several all those of a pack
   * @param x        (N, I)
   * @returns        (N, O), O1 + O2 + ... of several
   */
  linear(tape: Tape, modules: string | readonly string[], x: Tensor, options: Partial<Residual> = {}): Tensor {
    const names = [modules].flat();
    const packed = this.#packed(names);
    if (packed) return linear(tape, x, packed.weight, { ...options, ...packed });
    return join(
      tape,
      names.map((name) => this.linear(tape, name, x)),
    );
  }

  /**
   * silu(gate) up of two linear layers.
   *
   * @param modules  names of gate and up
   * @param x        (N, I)
   * @returns        (N, F)
   */
  gated(tape: Tape, modules: readonly [string, string], x: Tensor): Tensor {
    const packed = this.#packed(modules);
    return packed ? gatedLinear(tape, x, packed.weight, packed) : swiglu(tape, this.linear(tape, modules, x));
  }

  /**
   * gelu of a linear layer.
   *
   * @param module  its name
   * @param x       (N, I)
   * @returns       (N, O)
   */
  gelu(tape: Tape, module: string, x: Tensor, form: "tanh" | "erf"): Tensor {
    const packed = this.#packed([module]);
    return packed
      ? geluLinear(tape, x, packed.weight, { ...packed, form })
      : gelu(tape, this.linear(tape, module, x), form);
  }

  /** Weight, bias and adapters of layers that can be applied as one; null where they cannot. */
  #packed(names: readonly string[]) {
    const all = (part: string) => this.parameters.packed(names.map((name) => `${name}.${part}`));
    const weight = all("weight");
    if (!weight) return null;
    const bounds = [0];
    let end = 0;
    for (const name of names) {
      end += sidesOf(this.get(`${name}.weight`)).rows;
      bounds.push(end);
    }
    return { weight, bias: all("bias"), adapters: this.adapter?.on(names, bounds) };
  }
}

/** Collects names and shapes in the order in which a model uses its weights. */
export class Shapes {
  readonly all: ParameterShape[] = [];

  add(name: string, ...shape: number[]): void {
    this.all.push({ name, shape });
  }

  /** A weight of a pack, see `ParameterShape.pack`. */
  addTo(pack: string, name: string, ...shape: number[]): void {
    this.all.push({ name, shape, pack });
  }

  linear(module: string, O: number, I: number, bias: boolean): void {
    this.add(`${module}.weight`, O, I);
    if (bias) this.add(`${module}.bias`, O);
  }

  /** Layers of one input, which `Weights.linear` can apply as one. */
  linears(layers: readonly (readonly [module: string, O: number])[], I: number, bias: boolean): void {
    const pack = layers[0]?.[0];
    for (const [module, O] of layers) {
      this.all.push({ name: `${module}.weight`, shape: [O, I], pack: `${pack}.weight`, layers: pack });
      if (bias) this.all.push({ name: `${module}.bias`, shape: [O], pack: `${pack}.bias`, layers: pack });
    }
  }

  layerNorm(module: string, C: number): void {
    this.add(`${module}.weight`, C);
    this.add(`${module}.bias`, C);
  }
}
