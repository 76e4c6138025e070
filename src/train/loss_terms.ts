import type { LossSettings } from "../ops/policy_loss.ts";

/** What a token's loss is made of. Log-probabilities are of the written token. */
export interface TokenOfLoss {
  /** Under the weights whose loss it is. */
  logprob: number;
  /** Under the weights that wrote it. */
  oldLogprob: number;
  /** Under the reference model; without one there is no KL. */
  refLogprob?: number;
  advantage: number;
  /** What the aggregation weighs it with. */
  weight: number;
  /** In the place of the token's own log-ratio: the sequence's (GSPO). */
  logRatio?: number;
}

/** A token's loss, term by term. */
export interface LossTerms {
  ratio: number;
  /** -A ratio, and the same with the ratio clipped. */
  unclipped: number;
  clipped: number;
  /** -A c, which bounds the loss where A < 0; infinite where c is 0. */
  bound: number;
  policyLoss: number;
  /** The clipped ratio decides: by its own sign the policy loss gives the token no gradient. */
  isClipped: boolean;
  isBounded: boolean;
  kl: number;
  /** weight (policyLoss + klLossCoef kl): what the token adds to the loss; a term of the entropy is not in it. */
  loss: number;
  /** Derivative of `loss` by the log-probability. */
  slope: number;
}

/** Whose ratio enters the policy loss: each token's own, or that of its whole sequence (GSPO). */
export const ratioLevels = ["token", "sequence"] as const;
export type RatioLevel = (typeof ratioLevels)[number];

type ClipSettings = Omit<LossSettings, "entropyCoef">;

const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));

/** Derivative of a clamp. */
const within = (x: number, low: number, high: number): number => (x >= low && x <= high ? 1 : 0);

/** Derivative of max(a, b) by a. */
const share = (a: number, b: number): number => (a === b ? 0.5 : a > b ? 1 : 0);

/** Log-ratios, and distances to the reference, are taken within this. */
const mostChange = 20;
const mostKl = 10;

/**
 * The loss of one token as shaders/policy_loss.wgsl computes it, in double precision: the same terms, the same gradient. A test
 * compares the two. Formulas and sources stand there.
 */
export function lossTerms(token: TokenOfLoss, settings: ClipSettings): LossTerms {
  const { logprob, oldLogprob, advantage, weight } = token;
  const { clipRatioLow, clipRatioHigh, clipRatioC, klLossCoef } = settings;
  const change = token.logRatio ?? logprob - oldLogprob;
  const ratio = Math.exp(clamp(change, -mostChange, mostChange));
  const [low, high] = [1 - clipRatioLow, 1 + clipRatioHigh];
  const unclipped = -advantage * ratio;
  const clipped = -advantage * clamp(ratio, low, high);
  const larger = Math.max(unclipped, clipped);
  const bound = clipRatioC === 0 ? Number.POSITIVE_INFINITY : -advantage * clipRatioC;
  const isNegative = advantage < 0;
  const first = share(unclipped, clipped);
  const kept = isNegative ? 1 - share(larger, bound) : 1;
  const byRatio = -advantage * (first + (1 - first) * within(ratio, low, high)) * kept;
  const byLogprob = byRatio * ratio * within(change, -mostChange, mostChange);
  const kl = divergence(token, settings);
  const policyLoss = isNegative ? Math.min(bound, larger) : larger;
  return {
    ratio,
    unclipped,
    clipped,
    bound,
    policyLoss,
    isClipped: clipped > unclipped,
    isBounded: isNegative && larger > bound,
    kl: kl.value,
    loss: weight === 0 ? 0 : weight * (policyLoss + klLossCoef * kl.value),
    slope: weight === 0 ? 0 : weight * (byLogprob + klLossCoef * kl.slope),
  };
}

/** The estimate of the KL to the reference, and its derivative by the log-probability. */
function divergence(
  { logprob, refLogprob = logprob }: TokenOfLoss,
  { klLossType }: ClipSettings,
): { value: number; slope: number } {
  const k1 = logprob - refLogprob;
  switch (klLossType) {
    case "low_var_kl": {
      const near = clamp(-k1, -mostChange, mostChange);
      const k3 = Math.exp(near) - near - 1;
      const slope = (1 - Math.exp(near)) * within(-k1, -mostChange, mostChange) * within(k3, -mostKl, mostKl);
      return { value: clamp(k3, -mostKl, mostKl), slope };
    }
    case "kl":
      return { value: k1, slope: 1 };
    case "abs":
      return { value: Math.abs(k1), slope: Math.sign(k1) };
    case "mse":
      return { value: 0.5 * k1 * k1, slope: k1 };
  }
}

/** verl keeps a sequence's log-ratio below this. */
const mostSequenceChange = 10;

/**
 * GSPO's log-ratio of all tokens of a sequence: the mean of their own (arXiv 2507.18071, eq. 7). Its gradient reaches a token
 * as if the ratio were the token's own (GSPO-token, eq. 14).
 */
export function sequenceLogRatio(logprobs: readonly number[], oldLogprobs: readonly number[]): number {
  const sum = logprobs.reduce((total, logprob, i) => total + logprob - oldLogprobs[i]!, 0);
  return Math.min(mostSequenceChange, sum / Math.max(1, logprobs.length));
}
