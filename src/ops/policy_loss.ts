import source from "../../shaders/policy_loss.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { wordsOf } from "../gpu/params.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, lengthOf, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("policy_loss", source);

/** KL estimators for single tokens, by verl's names: k3, k1, |k1|, k2. Settings hold an index into this list. */
export const klKinds = ["low_var_kl", "kl", "abs", "mse"] as const;

export interface LossSettings {
  clipRatioLow: number;
  clipRatioHigh: number;
  /** Of dual clipping: c; 0: there is none. */
  clipRatioC: number;
  klLossCoef: number;
  klLossType: (typeof klKinds)[number];
  /** Weight of the entropy, which is subtracted from the policy loss. */
  entropyCoef: number;
}

/** No loss reaches this: ratios are at most e^20. Shaders need not know infinities. */
const noBound = 1e30;

/** Settings as the kernels read them. */
export const lossWords = (s: LossSettings): Uint32Array =>
  wordsOf(shader, "Settings", {
    clip_low: s.clipRatioLow,
    clip_high: s.clipRatioHigh,
    clip_dual: s.clipRatioC === 0 ? noBound : s.clipRatioC,
    kl_coef: s.klLossCoef,
    kl_kind: klKinds.indexOf(s.klLossType),
    entropy_coef: s.entropyCoef,
  });

export const lossWordCount = shader.struct("Settings").length;

/** f32 (N) each; rewritten between runs. */
export interface PolicyBatch {
  /** Log-probabilities under the policy that sampled the tokens. */
  oldLogprob: Tensor;
  /** Log-probabilities under the reference policy; only needed where the KL coefficient is not 0. */
  refLogprob?: Tensor;
  advantage: Tensor;
  /** The token's weight in the loss, which expresses the aggregation (1 / tokens for the token mean); 0 for padding. */
  weight: Tensor;
}

export interface PolicyLossInputs {
  /** (N) */
  logprob: Tensor;
  /** (N), where it enters the loss. */
  entropy?: Tensor;
  batch: PolicyBatch;
  /** `lossWords` */
  settings: Tensor;
}

/**
 * loss = sum of weight (pg + klCoef kl - entropyCoef entropy), the clipped policy loss of verl. Ends a forward pass: it
 * writes the first gradients of the backward pass.
 *
 * @returns terms  (N, 6), not weighted: pg loss, KL to the reference, 1 where clipped, 1 where clipped by c, ratio,
 *                 k1 = old - new
 */
export function policyLoss(tape: Tape, { logprob, entropy, batch, settings }: PolicyLossInputs): { terms: Tensor } {
  const N = lengthOf(logprob);
  for (const tensor of Object.values(batch)) if (tensor) expectShape(tensor, N);
  expectShape(settings, lossWordCount);
  const terms = tape.empty("policy_loss.terms", [N, 6]);
  const tensors = {
    logprob,
    old_logprob: batch.oldLogprob,
    // The kernel always reads one; against itself the KL is 0.
    ref_logprob: batch.refLogprob ?? logprob,
    advantage: batch.advantage,
    weight: batch.weight,
    settings,
  };
  if (entropy) expectShape(entropy, N);
  recordLoss(tape, { ...tensors, terms }, "");
  const into = entropy && tape.into(entropy);
  if (into)
    tape.plan.dispatch({
      shader,
      entry: "backprop_entropy",
      tensors: { ...tensors, dentropy: into.d },
      params: { N },
      groups: grid(N, 64),
      constants: into.constants,
    });
  return { terms };
}

/**
 * loss = -sum of weight logprob, for supervised training. Ends a forward pass like `policyLoss`.
 *
 * @param logprob  (N)
 * @param weight   f32 (N), 0 for rows without a target
 * @returns terms  (N) = -logprob, not weighted
 */
export function nll(tape: Tape, logprob: Tensor, weight: Tensor): { terms: Tensor } {
  expectShape(logprob, -1);
  expectShape(weight, ...logprob.shape);
  const terms = tape.empty("nll.terms", logprob.shape);
  recordLoss(tape, { logprob, weight, terms }, "_nll");
  return { terms };
}

/** Records the terms, and the gradient of `logprob` where it is wanted. */
function recordLoss(tape: Tape, tensors: Record<string, Tensor> & { logprob: Tensor }, suffix: "" | "_nll"): void {
  const { logprob } = tensors;
  const params = { N: lengthOf(logprob) };
  const groups = grid(params.N, 64);
  const into = tape.into(logprob);
  if (into)
    tape.plan.dispatch({
      shader,
      entry: `measure_and_backprop${suffix}`,
      tensors: { ...tensors, dlogprob: into.d },
      params,
      groups,
      constants: into.constants,
    });
  else tape.plan.dispatch({ shader, entry: `measure${suffix}`, tensors, params, groups });
}
