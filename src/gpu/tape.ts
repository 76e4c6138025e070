import { ActivationBuffer } from "./activation.ts";
import type { Gpu } from "./gpu.ts";
import type { Plan } from "./plan.ts";
import type { Dtype, Tensor } from "./tensor.ts";

/** Where a backward kernel puts a gradient: the first one to come assigns (ADD = 0), later ones add (ADD = 1). */
export interface Into {
  d: Tensor;
  constants: { ADD: 0 | 1 };
}

interface Record {
  outs: Tensor[];
  back: () => void;
}

/**
 * One walk through the model, written into a Plan: the activations it makes, and how to go back.
 *
 * A tensor takes part in the way back if it is tracked: a trained weight, or made by an op from something tracked.
 * Gradients of activations are assigned by the first kernel that reaches them and never cleared. Gradients of weights are
 * always added to, so that several walks can accumulate; the optimizer clears them.
 */
export class Tape {
  #records: Record[] = [];
  readonly #tracked = new Set<Tensor>();
  readonly #gradients = new Map<Tensor, Tensor>();
  readonly #weights = new Map<Tensor, Tensor>();
  /** In a layer that will be made again: only whether its result is tracked matters. */
  #passing = false;

  /**
   * @param recording      off: forward keeps no way back; that is inference
   * @param checkpointing  layers keep nothing but what they hand on, and are made again on the way back
   */
  constructor(
    readonly plan: Plan,
    readonly recording = true,
    readonly checkpointing = false,
  ) {}

  get gpu(): Gpu {
    return this.plan.gpu;
  }

  /** A new activation. */
  empty(name: string, shape: readonly number[], dtype: Dtype = "f32"): Tensor {
    return this.plan.activation(name, shape, dtype);
  }

  /**
   * Adds a layer, whose result is all that later ops use of it. With checkpointing nothing else of it is kept: the way
   * back makes it again, with the same kernels and so the same bits, and then its gradients (Chen et al., arXiv 1604.06174).
   *
   * @param body  adds the dispatches; called again on the way back
   */
  layer(body: () => Tensor): Tensor {
    if (!this.recording || !this.checkpointing || this.#passing) return body();
    this.#passing = true;
    const out = body();
    this.#passing = false;
    if (!this.tracks(out)) return out;
    this.#records.push({
      outs: [out.base ?? out],
      back: () => {
        const outer = this.#records;
        this.#records = [];
        const again = body();
        this.pass(out, again);
        this.backward();
        this.#records = outer;
      },
    });
    return out;
  }

  /** Room for what one op needs while it goes back, such as partial sums. */
  scratch(name: string, shape: readonly number[], work: (room: Tensor) => void): void {
    work(this.empty(name, shape));
  }

  /** Trains a weight: its gradient is added into `d`. */
  train(weight: Tensor, d: Tensor): void {
    if (!this.recording) return;
    this.#tracked.add(weight);
    this.#weights.set(weight, d);
  }

  tracks(tensor: Tensor): boolean {
    return this.#tracked.has(tensor.base ?? tensor);
  }

  /**
   * Says how to carry the gradient of `out` to `inputs`; forgotten where none of them is tracked. Of several outputs
   * all have a gradient when the way back is taken, or none.
   */
  record(out: Tensor | readonly Tensor[], inputs: readonly (Tensor | null | undefined)[], back: () => void): void {
    if (!this.recording || !inputs.some((t) => t && this.tracks(t))) return;
    const outs = [out].flat().map((t) => t.base ?? t);
    for (const one of outs) this.#tracked.add(one);
    if (!this.#passing) this.#records.push({ outs, back });
  }

  /** The gradient that has arrived at an op's output, in its shape. */
  gradient(out: Tensor): Tensor {
    const d = this.#gradients.get(out.base ?? out);
    if (!d) throw new Error(`no gradient has reached ${out.name}`);
    return { ...d, shape: out.shape };
  }

  /** Where to put the gradient of an op's input; null where nobody wants it. Asking once means writing once. */
  into(tensor: Tensor): Into | null {
    const base = tensor.base ?? tensor;
    if (!this.#tracked.has(base)) return null;
    const weight = this.#weights.get(base);
    if (weight) return { d: { ...weight, shape: tensor.shape }, constants: { ADD: 1 } };
    const arrived = this.#gradients.get(base);
    if (arrived) return { d: { ...arrived, shape: tensor.shape }, constants: { ADD: 1 } };
    const d = this.empty(`d${base.name}`, base.shape);
    this.#gradients.set(base, d);
    return { d: { ...d, shape: tensor.shape }, constants: { ADD: 0 } };
  }

  /**
   * The gradient of an activation, to be written over the activation itself: for an op that is the last to read it on
   * the way back, and reads each number before it writes it. Null where the activation must stay or has a gradient.
   */
  over(tensor: Tensor): Tensor | null {
    const base = tensor.base ?? tensor;
    const { buffer } = base;
    if (!(buffer instanceof ActivationBuffer) || buffer.kept) return null;
    if (!this.#tracked.has(base) || this.#gradients.has(base) || this.#weights.has(base)) return null;
    this.#gradients.set(base, base);
    return tensor;
  }

  /**
   * Hands the gradient of `out` on to `input` unchanged, for ops that add `input` to something else. Takes the
   * buffer over where `input` has no gradient yet; returns false where the caller has to add.
   * Call it last in a way back: the gradient of `out` is gone afterwards.
   */
  pass(out: Tensor, input: Tensor): boolean {
    const from = out.base ?? out;
    const to = input.base ?? input;
    if (!this.#tracked.has(to)) return true;
    if (this.#gradients.has(to) || this.#weights.has(to)) return false;
    this.#gradients.set(to, this.#gradients.get(from)!);
    this.#gradients.delete(from);
    return true;
  }

  /** Writes the way back of everything recorded. A loss op has put the first gradient in place. */
  backward(): void {
    for (const { outs, back } of this.#records.reverse()) {
      if (!outs.some((out) => this.#gradients.has(out))) continue;
      back();
      for (const out of outs) this.#gradients.delete(out);
    }
    this.#records.length = 0;
  }
}
