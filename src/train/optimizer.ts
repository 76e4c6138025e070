import type { Gpu } from "../gpu/gpu.ts";
import { Plan } from "../gpu/plan.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { Model } from "../model/model.ts";
import { adamw, gradNorm } from "../ops/adamw.ts";
import { roundToBf16 } from "../ops/round.ts";

/** AdamW's, and the norm that the gradient is clipped to. */
export interface OptimizerSettings {
  learningRate: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  /** Decay vectors (norms, biases) too, as torch does by default. */
  decayVectors: boolean;
  maxGradNorm: number;
}

/** Clip and AdamW on what of a model is trained: one recorded plan. The moments stand with the weights. */
export class Optimizer {
  readonly #gpu: Gpu;
  readonly #model: Model;
  readonly #state: Tensor;
  #recorded: { plan: Plan; norm: Tensor; decayVectors: boolean } | null = null;

  constructor(gpu: Gpu, model: Model) {
    this.#gpu = gpu;
    this.#model = model;
    this.#state = gpu.empty("learner.adam_state", [8]);
  }

  /** @param number  of the update, counted from 1 since the moments were zero */
  write(s: OptimizerSettings, number: number): void {
    const correction = (beta: number) => 1 - beta ** number;
    this.#gpu.write(
      this.#state,
      new Float32Array([
        s.learningRate,
        s.beta1,
        s.beta2,
        s.eps,
        s.weightDecay,
        s.maxGradNorm,
        correction(s.beta1),
        correction(s.beta2),
      ]),
    );
  }

  /** The plan, and the norm of the gradient before it was clipped, (1). */
  recorded(decayVectors: boolean): { plan: Plan; norm: Tensor } {
    if (this.#recorded?.decayVectors === decayVectors) return this.#recorded;
    this.#recorded?.plan.free();
    const plan = new Plan(this.#gpu, "optimizer", { reuse: true });
    const { segments } = this.#model.trained;
    const norm = gradNorm(
      plan,
      segments.map(({ d }) => d),
    );
    for (const { weight, d, m, v, rounded, matrixEnd } of segments) {
      const decayEnd = decayVectors ? weight.shape[0]! : matrixEnd;
      adamw(plan, { weight, d, m, v, decayEnd, state: this.#state, norm });
      if (rounded) roundToBf16(plan, weight, rounded);
    }
    plan.keep(norm);
    this.#recorded = { plan, norm, decayVectors };
    return this.#recorded;
  }

  free(): void {
    this.#recorded?.plan.free();
    this.#gpu.release(this.#state.buffer);
  }
}
