import type { Rollout } from "../agent/rollout.ts";
import { advantages } from "./advantage.ts";
import { type BatchSettings, batchWeights } from "./batch_weights.ts";
import type { RunConfig } from "./knobs.ts";
import { type LossTerms, lossTerms, sequenceLogRatio } from "./loss_terms.ts";

/** The knobs that make up a loss. */
export type LossConfig = BatchSettings &
  Pick<RunConfig, "clipRatioLow" | "clipRatioHigh" | "clipRatioC" | "klLossCoef" | "klLossType" | "normAdvByStd">;

/** A loss that was published, as changes to a run's knobs. */
export interface LossRecipe {
  label: string;
  /** What is special about it, and where it is from. */
  line: string;
  changes: Partial<LossConfig>;
  /** The ratio is the sequence's, not the token's. */
  bySequence?: boolean;
}

/** Neither the second clip that verl adds where A < 0, nor its aggregation by micro-batches. */
const plain = { clipRatioC: Number.POSITIVE_INFINITY, microBatchRollouts: 0 };
const symmetric = { clipRatioLow: 0.2, clipRatioHigh: 0.2 };

export const lossRecipes = {
  grpo: {
    label: "GRPO",
    line: "advantages divided by the deviation, the mean of each rollout's mean, k3 to the start in the loss (arXiv 2402.03300)",
    changes: {
      ...symmetric,
      ...plain,
      normAdvByStd: true,
      lossAggMode: "seq-mean-token-mean",
      klLossCoef: 0.04,
      klLossType: "low_var_kl",
    },
  },
  "dr-grpo": {
    label: "Dr. GRPO",
    line: "advantages not divided, sums over tokens divided by a constant, so that neither difficulty nor length weighs (arXiv 2503.20783)",
    changes: {
      ...symmetric,
      ...plain,
      normAdvByStd: false,
      lossAggMode: "seq-mean-token-sum-norm",
      klLossCoef: 0,
    },
  },
  dapo: {
    label: "DAPO",
    line: "clips higher than it clips low, means over all tokens of the batch, groups of equal rewards left out, no KL (arXiv 2503.14476)",
    changes: {
      ...plain,
      clipRatioLow: 0.2,
      clipRatioHigh: 0.28,
      normAdvByStd: true,
      lossAggMode: "token-mean",
      zeroVariance: "drop",
      klLossCoef: 0,
    },
  },
  gspo: {
    label: "GSPO",
    line: "one ratio for a whole rollout, the geometric mean of its tokens', and clipped as a whole (arXiv 2507.18071)",
    changes: {
      ...plain,
      clipRatioLow: 3e-4,
      clipRatioHigh: 4e-4,
      normAdvByStd: true,
      lossAggMode: "seq-mean-token-mean",
      klLossCoef: 0,
    },
    bySequence: true,
  },
} as const satisfies Record<string, LossRecipe>;

export type LossName = keyof typeof lossRecipes;
export const lossNames = Object.keys(lossRecipes) as LossName[];

/** Where a rollout stands in its step, and log-probabilities of the tokens that the model wrote in it. */
export interface MeasuredRollout {
  /** All rollouts of the step, (tasks, rolloutsPerTask): what one weighs depends on the others. */
  groups: readonly (readonly Rollout[])[];
  taskIndex: number;
  rolloutIndex: number;
  /** Under the weights whose loss it is, and under the reference; null where there is none. */
  logprobs: readonly number[];
  refLogprobs: readonly number[] | null;
}

/** The loss of a rollout's tokens. */
export interface RolloutLoss {
  config: LossConfig;
  /** Of the group's rollouts, null where judging failed; and its own. */
  rewards: (number | null)[];
  reward: number | null;
  /** Null where judging failed. */
  advantage: number | null;
  /** What the aggregation weighs each of its tokens with; 0 where the rollout is left out of the loss. */
  weight: number;
  /** A token each. */
  terms: LossTerms[];
}

/**
 * The loss of one rollout's tokens under given knobs: advantages, weights and terms by the functions that training uses.
 * A rollout that has no advantage weighs nothing.
 */
export function rolloutLoss(
  { groups, taskIndex, rolloutIndex, logprobs, refLogprobs }: MeasuredRollout,
  config: LossConfig,
  { bySequence = false }: { bySequence?: boolean } = {},
): RolloutLoss {
  const group = groups[taskIndex] ?? [];
  const rewards = group.map(({ reward }) => reward?.total ?? null);
  const advantage = advantages(rewards, config)[rolloutIndex] ?? null;
  const own = batchWeights(groups, config)
    .miniBatches.flat()
    .find((task) => task.taskIndex === taskIndex)
    ?.rollouts.find((one) => one.rolloutIndex === rolloutIndex);
  const weight = own?.weight ?? 0;
  const rollout = group[rolloutIndex];
  const oldLogprobs = rollout ? sampledLogprobs(rollout) : [];
  const logRatio = bySequence ? sequenceLogRatio(logprobs, oldLogprobs) : undefined;
  const terms = logprobs.map((logprob, i) =>
    lossTerms(
      {
        logprob,
        oldLogprob: oldLogprobs[i]!,
        refLogprob: refLogprobs?.[i],
        advantage: advantage ?? 0,
        weight: advantage === null ? 0 : weight,
        logRatio,
      },
      config,
    ),
  );
  const reward = rewards[rolloutIndex] ?? null;
  return { config, rewards, reward, advantage, weight, terms };
}

/** Log-probabilities with which the model's tokens were sampled, a token each; NaN where a log does not hold one. */
export const sampledLogprobs = ({ segments }: Rollout): number[] =>
  segments.flatMap(({ source, tokens, logprobs }) =>
    source === "model" ? tokens.map((_, i) => logprobs[i] ?? Number.NaN) : [],
  );

/**
 * The length of the loss's gradient by the logits at each token: |slope| |e - p| / temperature, where e is 1 at the written
 * token. What the weights make of it differs; it says how hard a token pulls, not where.
 *
 * @param spreads  |e - p| of each token
 */
export const logitGradients = (
  terms: readonly LossTerms[],
  spreads: readonly number[],
  temperature: number,
): number[] => terms.map(({ slope }, i) => (Math.abs(slope) * spreads[i]!) / temperature);
