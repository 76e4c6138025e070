import type { Rollout } from "../agent/rollout.ts";
import { advantages, comparisons } from "./advantage.ts";
import { type BatchSettings, batchWeights } from "./batch_weights.ts";
import { type CreditSettings, tokenAdvantages } from "./call_credit.ts";
import type { RunConfig } from "./knobs.ts";
import { type LossTerms, lossTerms, sequenceLogRatio } from "./loss_terms.ts";
import { areTrained } from "./trained_tokens.ts";

/** The knobs that make up a loss. */
export type LossConfig = BatchSettings &
  CreditSettings &
  Pick<
    RunConfig,
    "clipRatioLow" | "clipRatioHigh" | "clipRatioC" | "ratioLevel" | "klLossCoef" | "klLossType" | "normAdvByStd"
  >;

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
  /** Those that are compared, null where judging failed, and its own among them: of the group, unless it has continuations. */
  rewards: (number | null)[];
  reward: number | null;
  /** Null where judging failed. */
  advantage: number | null;
  /** Of each of its tokens: the same, but for what calls are given (call_credit.ts). */
  advantages: number[];
  /** What the aggregation weighs each of its trained tokens with; 0 where the rollout is left out of the loss. */
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
): RolloutLoss {
  const group = groups[taskIndex] ?? [];
  const rollout = group[rolloutIndex];
  const { rewards, place } = comparedWith(group, rollout);
  const advantage = advantages(rewards, config)[place] ?? null;
  const own = batchWeights(groups, config)
    .miniBatches.flat()
    .find((task) => task.taskIndex === taskIndex)
    ?.rollouts.find((one) => one.rolloutIndex === rolloutIndex);
  const weight = own?.weight ?? 0;
  const oldLogprobs = rollout ? sampledLogprobs(rollout) : [];
  const tokensOwn = rollout ? tokenAdvantages({ ...rollout, advantage }, config) : [];
  const trained = rollout ? areTrained(rollout) : [];
  const isTrained = (i: number) => trained === null || trained[i] === true;
  const ofTrained = (values: readonly number[]) => values.filter((_, i) => isTrained(i));
  const logRatio =
    config.ratioLevel === "sequence" ? sequenceLogRatio(ofTrained(logprobs), ofTrained(oldLogprobs)) : undefined;
  const terms = logprobs.map((logprob, i) =>
    lossTerms(
      {
        logprob,
        oldLogprob: oldLogprobs[i]!,
        refLogprob: refLogprobs?.[i],
        advantage: tokensOwn[i] ?? 0,
        weight: advantage === null || !isTrained(i) ? 0 : weight,
        logRatio,
      },
      config,
    ),
  );
  const reward = rewards[place] ?? null;
  return { config, rewards, reward, advantage, advantages: tokensOwn, weight, terms };
}

/** The rewards that make a rollout's advantage, and its place among them. */
function comparedWith(
  group: readonly Rollout[],
  rollout: Rollout | undefined,
): { rewards: (number | null)[]; place: number } {
  const found = rollout && comparisons(group).find(({ of }) => of.includes(rollout));
  return found ? { rewards: found.rewards, place: found.of.indexOf(rollout) } : { rewards: [], place: 0 };
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
