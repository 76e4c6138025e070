import source from "../../shaders/policy_loss.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("policy_loss", source);

/** Estimators of a KL from single tokens, by verl's names and in the order of their kinds in the settings: k3, k1, |k1|, k2. */
export const klKinds = ["low_var_kl", "kl", "abs", "mse"] as const;

/** f32 (N) each; rewritten between replays. */
export interface PolicyBatch {
  /** Log-probabilities under the policy that drew the tokens. */
  oldLogprob: Tensor;
  /** Log-probabilities under the reference policy; left out where there is none: the KL's coefficient is 0 then. */
  refLogprob?: Tensor;
  advantage: Tensor;
  /** The token's share in the loss: it holds the aggregation (1 / tokens for the token mean), and 0 for padding. */
  weight: Tensor;
}

/**
 * loss = sum of weight (pg + klCoef kl - entropyCoef entropy), the clipped policy loss of verl. Ends a walk: its
 * gradients are put in place at once.
 *
 * @param logprob   (N)
 * @param settings  f32 (8): clip low, clip high, dual clip c, KL coefficient, place of the KL in `klKinds`, entropy
 *                  coefficient; the rest is unused
 * @param entropy   (N), where it enters the loss; a tensor whose gradient somebody wants
 * @returns terms   (N, 6), not weighted: pg loss, KL to the reference, 1 where clipped, 1 where clipped by c, ratio,
 *                  k1 = old - new
 */
export function policyLoss(
  tape: Tape,
  logprob: Tensor,
  batch: PolicyBatch,
  settings: Tensor,
  entropy?: Tensor,
): { terms: Tensor } {
  expectShape(logprob, -1);
  const N = logprob.shape[0]!;
  for (const tensor of Object.values(batch)) if (tensor) expectShape(tensor, N);
  expectShape(settings, 8);
  const terms = tape.empty("policy_loss.terms", [N, 6]);
  const tensors = {
    logprob,
    old_logprob: batch.oldLogprob,
    // The kernel reads one in any case; against itself the KL is 0.
    ref_logprob: batch.refLogprob ?? logprob,
    advantage: batch.advantage,
    weight: batch.weight,
    settings,
  };
  if (entropy) expectShape(entropy, N);
  start(tape, logprob, terms, tensors, "");
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
 * loss = -sum of weight logprob, for supervised stages. Ends a walk: its gradient is put in place at once.
 *
 * @param logprob  (N)
 * @param weight   f32 (N), 0 for rows that do not count
 * @returns terms  (N) = -logprob, not weighted
 */
export function nll(tape: Tape, logprob: Tensor, weight: Tensor): { terms: Tensor } {
  expectShape(logprob, -1);
  expectShape(weight, ...logprob.shape);
  const terms = tape.empty("nll.terms", logprob.shape);
  start(tape, logprob, terms, { logprob, weight }, "_nll");
  return { terms };
}

function start(tape: Tape, logprob: Tensor, terms: Tensor, tensors: Record<string, Tensor>, suffix: "" | "_nll"): void {
  const params = { N: logprob.shape[0]! };
  const groups = grid(params.N, 64);
  tape.plan.dispatch({ shader, entry: `measure${suffix}`, tensors: { ...tensors, terms }, params, groups });
  const into = tape.into(logprob);
  if (into)
    tape.plan.dispatch({
      shader,
      entry: `backprop${suffix}`,
      tensors: { ...tensors, dlogprob: into.d },
      params,
      groups,
      constants: into.constants,
    });
}
