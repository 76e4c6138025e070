import type { Rollout } from "../agent/rollout.ts";

/** Rewards that differ by less are equal but for rounding. */
const sameReward = 1e-6;

/**
 * Advantages of one group, GRPO's: how much better each rollout was than its group, (R - mean) / (deviation + 1e-6),
 * with the unbiased deviation; undivided where `normAdvByStd` is false (Dr. GRPO).
 * A reward of null (judging failed) stays null and takes no part. A group of one known reward has mean 0 and
 * deviation 1, as in verl's compute_grpo_outcome_advantage.
 */
export function advantages(
  rewards: readonly (number | null)[],
  { normAdvByStd }: { normAdvByStd: boolean },
): (number | null)[] {
  const known = rewards.filter((reward) => reward !== null);
  const alone = known.length === 1;
  // Measured from the first reward, so that equal rewards give exactly 0 and not the rounding of a mean.
  const origin = alone ? 0 : (known[0] ?? 0);
  const mean = alone ? 0 : known.reduce((sum, reward) => sum + (reward - origin), 0) / known.length;
  const deviation = alone ? 1 : standardDeviation(known);
  const scale = normAdvByStd ? deviation + 1e-6 : 1;
  return rewards.map((reward) => (reward === null ? null : (reward - origin - mean) / scale));
}

/** Gives each rollout of a scored group its advantage. */
export function setAdvantages(group: readonly Rollout[], settings: { normAdvByStd: boolean }): void {
  for (const { of, rewards } of comparisons(group)) {
    const all = advantages(rewards, settings);
    for (const [i, rollout] of of.entries()) if (rollout) rollout.advantage = all[i] ?? null;
  }
}

/** Rewards that are compared with each other, and whose advantages come of it: null where another comparison decides. */
export interface Comparison<R> {
  of: (R | null)[];
  rewards: (number | null)[];
}

type Compared = Pick<Rollout, "reward"> & Partial<Pick<Rollout, "id" | "continues" | "unjudged">>;

/**
 * What the rewards of a group are compared in. Without continuations that is the group. Else, as AXPO has it (arXiv 2605.28774,
 * sec. 3; train/resampled_calls.ts says where that is known from):
 * - the rollouts that were sampled from the prompt, among themselves (GRPO);
 * - the continuations of each rollout, among themselves (eq. 2);
 * - each continued rollout among those of the prompt, with what it was recovered to in the place of its own reward (eq. 3 and 4).
 *
 * Recovered: the paper's rewards are 0 and 1, and the recovered one is 1 where a continuation is right. Ours have parts: it is the
 * largest of the right continuations' rewards, the rollout's own where none is right; with rewards of 0 and 1 that is the same.
 */
export function comparisons<R extends Compared>(
  group: readonly R[],
  rewardOf: (rollout: R) => number | null = ({ reward }) => reward?.total ?? null,
): Comparison<R>[] {
  const continued = new Set(group.flatMap(({ continues }) => continues?.rollout ?? []));
  if (continued.size === 0) return [{ of: [...group], rewards: group.map(rewardOf) }];
  const first = group.filter(({ continues }) => !continues);
  const rewards = first.map(rewardOf);
  const isContinued = ({ id }: R) => id !== undefined && continued.has(id);
  const all: Comparison<R>[] = [{ of: first.map((one) => (isContinued(one) ? null : one)), rewards }];
  for (const [i, rollout] of first.entries()) {
    if (!isContinued(rollout)) continue;
    const recovered = group.flatMap((one) =>
      one.continues?.rollout === rollout.id && one.reward?.right && one.unjudged === undefined
        ? [rewardOf(one) ?? Number.NEGATIVE_INFINITY]
        : [],
    );
    const best = recovered.length > 0 ? Math.max(...recovered) : rewards[i]!;
    all.push({ of: first.map((one) => (one === rollout ? one : null)), rewards: rewards.with(i, best) });
  }
  for (const from of continued) {
    const of = group.filter(({ continues }) => continues?.rollout === from);
    all.push({ of, rewards: of.map(rewardOf) });
  }
  return all;
}

/** The unbiased standard deviation of two values or more. */
export function standardDeviation(values: readonly number[]): number {
  const origin = values[0] ?? 0;
  const mean = values.reduce((sum, value) => sum + (value - origin), 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - origin - mean) ** 2, 0) / (values.length - 1));
}

/** Without a charge for the distance to the starting model: it differs in every group, by next to nothing. */
const uncharged = ({ reward }: Pick<Rollout, "reward">): number | null =>
  reward ? reward.total - (reward.parts.kl ?? 0) : null;

const knownIn = (group: readonly Compared[]): number[][] =>
  comparisons(group, uncharged).map(({ rewards }) => rewards.filter((reward) => reward !== null));

const deviationOf = (known: readonly number[]): number => (known.length < 2 ? 0 : standardDeviation(known));

/** The unbiased standard deviation of a group's known rewards, the largest where several comparisons are made; 0 where fewer than two are known. */
export const rewardDeviation = (group: readonly Compared[]): number => Math.max(0, ...knownIn(group).map(deviationOf));

/**
 * Whether a group's known rewards differ, so that something is learned from it. A single known reward is its own
 * advantage and counts as different, as in DAPO's filter in verl; a group without any has nothing to learn from.
 */
export const hasVariance = (group: readonly Compared[]): boolean =>
  knownIn(group).some((known) => known.length === 1 || deviationOf(known) >= sameReward);
