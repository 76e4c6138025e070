import type { Gpu } from "../gpu/gpu.ts";
import { Plan } from "../gpu/plan.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { Model } from "../model/model.ts";
import { type AdamSettings, adamWordCount, adamWords, adamw, gradNorm } from "../ops/adamw.ts";
import { roundToBf16 } from "../ops/round.ts";

/** AdamW's, and the norm that the gradient is clipped to. */
export interface OptimizerSettings extends AdamSettings {
  /** Decay vectors (norms, biases) too, as torch does by default. */
  decayVectors: boolean;
}

/** Clip and AdamW on what of a model is trained: one recorded plan. The moments stand with the weights. */
export class Optimizer {
  readonly #gpu: Gpu;
  readonly #model: Model;
  readonly #settings: Tensor;
  #recorded: { plan: Plan; norm: Tensor; decayVectors: boolean } | null = null;

  constructor(gpu: Gpu, model: Model) {
    this.#gpu = gpu;
    this.#model = model;
    this.#settings = gpu.empty("learner.adam_settings", [adamWordCount], "u32");
  }

  /** @param number  of the update, counted from 1 since the moments were zero */
  write(settings: OptimizerSettings, number: number): void {
    this.#gpu.write(this.#settings, adamWords(settings, number));
  }

  /** The plan, and the norm of the gradient before it was clipped, (1). */
  recorded(decayVectors: boolean): { plan: Plan; norm: Tensor } {
    if (this.#recorded?.decayVectors === decayVectors) return this.#recorded;
    this.#recorded?.plan.free();
    const plan = new Plan(this.#gpu, "optimizer", { reuse: true });
    const { trainedSegments: segments } = this.#model.trained;
    const norm = gradNorm(
      plan,
      segments.map(({ d }) => d),
    );
    for (const { weight, d, m, v, rounded, matrixEnd } of segments) {
      const decayEnd = decayVectors ? weight.shape[0]! : matrixEnd;
      adamw(plan, { weight, d, m, v, decayEnd, settings: this.#settings, norm });
      if (rounded) roundToBf16(plan, weight, rounded);
    }
    plan.keep(norm);
    this.#recorded = { plan, norm, decayVectors };
    return this.#recorded;
  }

  free(): void {
    this.#recorded?.plan.free();
    this.#gpu.release(this.#settings.buffer);
  }
}
