import { ActivationBuffer } from "./activation.ts";
import type { Gpu } from "./gpu.ts";
import type { Plan } from "./plan.ts";
import { bytesOf, type Dtype, type Tensor } from "./tensor.ts";

/** Where a backward kernel writes a gradient: the first to reach it assigns (ADD = 0), later ones add (ADD = 1). */
export interface Into {
  d: Tensor;
  constants: { ADD: 0 | 1 };
}

interface Record {
  outs: Tensor[];
  backward: () => void;
}

/**
 * One forward pass recorded into a Plan, and the backward pass that belongs to it (reverse-mode differentiation).
 *
 * A tensor has a gradient if it is tracked: a trained weight, or computed from something tracked. Gradients of activations
 * are assigned by the first kernel that reaches them and never cleared. Gradients of weights are always added to, so that
 * several passes can accumulate; the optimizer clears them.
 */
export class Tape {
  #records: Record[] = [];
  readonly #tracked = new Set<Tensor>();
  readonly #gradients = new Map<Tensor, Tensor>();
  readonly #weights = new Map<Tensor, Tensor>();
  /** In the forward pass of a checkpointed layer: ops are not recorded, only whether their results are tracked. */
  #isCheckpointed = false;
  /** Gradients of weights that something has still to be added to, and what adds it. */
  #postponed: { ds: Tensor[]; add: () => void } | null = null;
  /** Backward passes of recomputed layers run within the whole one. */
  #depth = 0;

  /**
   * @param recording      whether a backward pass will follow; off for inference
   * @param checkpointing  whether layers keep only their result and are recomputed in the backward pass
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
   * Records a layer, of which later ops use only the result. With checkpointing nothing else of it is kept: the backward pass
   * recomputes it, with the same kernels and so the same bits, and then its gradients (Chen et al., arXiv 1604.06174).
   *
   * @param body  records the ops; called again in the backward pass
   */
  layer(body: () => Tensor): Tensor {
    if (!this.recording || !this.checkpointing || this.#isCheckpointed) return body();
    this.#isCheckpointed = true;
    const out = body();
    this.#isCheckpointed = false;
    if (!this.tracks(out)) return out;
    this.#records.push({
      outs: [out.base ?? out],
      backward: () => {
        const outer = this.#records;
        this.#records = [];
        const recomputed = body();
        this.pass(out, recomputed);
        this.backward();
        this.#records = outer;
      },
    });
    return out;
  }

  /** A temporary tensor of one op, such as partial sums. */
  scratch(name: string, shape: readonly number[], use: (tensor: Tensor) => void): void {
    use(this.empty(name, shape));
  }

  /** Tracks a weight, whose gradient is added to `d`. */
  train(weight: Tensor, d: Tensor): void {
    if (!this.recording) return;
    this.#tracked.add(weight);
    this.#weights.set(weight, d);
  }

  /**
   * Puts off an addition to the gradient of a weight, so that many are made together: `add` is called once for all that were put
   * off, before anything else is added to one of them, and at the end of the backward pass. The order in which numbers are added to
   * a gradient stays the same.
   *
   * @param d    what is added to, as `into` gave it
   * @param add  adds all that was put off until then
   */
  postpone(d: Tensor, add: () => void): void {
    if (this.#postponed && this.#postponed.add !== add) this.addPostponed();
    this.#postponed ??= { ds: [], add };
    this.#postponed.ds.push(d);
  }

  /** Makes the additions that were put off where some are to these gradients; all of them unless given. */
  addPostponed(to?: Tensor): void {
    if (to && !this.#postponed?.ds.some((d) => overlaps(d, to))) return;
    const postponed = this.#postponed;
    this.#postponed = null;
    postponed?.add();
  }

  /** Whether a gradient is a weight's: it is added to, and read only after the whole pass. */
  isOfWeight({ d: { buffer } }: Into): boolean {
    return !(buffer instanceof ActivationBuffer) && [...this.#weights.values()].some((d) => d.buffer === buffer);
  }

  tracks(tensor: Tensor): boolean {
    return this.#tracked.has(tensor.base ?? tensor);
  }

  /**
   * Records the backward function of an op, which computes gradients of `inputs` from that of `out`; ignored where none of the
   * inputs is tracked. An op with several outputs must get a gradient for all of them, or for none.
   */
  record(out: Tensor | readonly Tensor[], inputs: readonly (Tensor | null | undefined)[], backward: () => void): void {
    if (!this.recording || !inputs.some((t) => t && this.tracks(t))) return;
    const outs = [out].flat().map((t) => t.base ?? t);
    for (const one of outs) this.#tracked.add(one);
    if (!this.#isCheckpointed) this.#records.push({ outs, backward });
  }

  /** The gradient of an op's output, in its shape. @throws Error where there is none */
  gradient(out: Tensor): Tensor {
    const d = this.#gradients.get(out.base ?? out);
    if (!d) throw new Error(`no gradient has reached ${out.name}`);
    return { ...d, shape: out.shape };
  }

  /** Where to write the gradient of an op's input; null where it is not tracked. Each call must be followed by one write. */
  into(tensor: Tensor): Into | null {
    const base = tensor.base ?? tensor;
    if (!this.#tracked.has(base)) return null;
    const weight = this.#weights.get(base);
    if (weight) {
      this.addPostponed(weight);
      return { d: { ...weight, shape: tensor.shape }, constants: { ADD: 1 } };
    }
    const earlier = this.#gradients.get(base);
    if (earlier) return { d: { ...earlier, shape: tensor.shape }, constants: { ADD: 1 } };
    const d = this.empty(`d${base.name}`, base.shape);
    this.#gradients.set(base, d);
    return { d: { ...d, shape: tensor.shape }, constants: { ADD: 0 } };
  }

  /**
   * Lets an op write the gradient of an activation over the activation itself: for an op that is the last to read it in the
   * backward pass, and reads each number before it writes it. Null where the activation is kept or already has a gradient.
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
   * Passes the gradient of `out` to `input` unchanged, for ops that add `input` to something else. Moves the buffer where
   * `input` has no gradient yet; returns false where the caller has to add it.
   * Must be the last step of a backward function: the gradient of `out` is gone afterwards.
   */
  pass(out: Tensor, input: Tensor): boolean {
    const from = out.base ?? out;
    const to = input.base ?? input;
    if (!this.#tracked.has(to)) return true;
    if (this.#gradients.has(to) || this.#weights.has(to)) return false;
    this.#gradients.set(to, this.gradient(from));
    this.#gradients.delete(from);
    return true;
  }

  /** Records the backward pass of everything recorded so far. A loss op has written the first gradients. */
  backward(): void {
    this.#depth++;
    for (const { outs, backward } of this.#records.reverse()) {
      if (!outs.some((out) => this.#gradients.has(out))) continue;
      backward();
      for (const out of outs) this.#gradients.delete(out);
    }
    this.#records.length = 0;
    this.#depth--;
    if (this.#depth === 0) this.addPostponed();
  }
}

/** Whether two tensors have bytes in common. */
const overlaps = (a: Tensor, b: Tensor): boolean =>
  a.buffer === b.buffer && a.offsetBytes < b.offsetBytes + bytesOf(b) && b.offsetBytes < a.offsetBytes + bytesOf(a);
