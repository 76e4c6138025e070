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
  const all = advantages(
    group.map(({ reward }) => reward?.total ?? null),
    settings,
  );
  for (const [i, rollout] of group.entries()) rollout.advantage = all[i] ?? null;
}

/** The unbiased standard deviation of two values or more. */
export function standardDeviation(values: readonly number[]): number {
  const origin = values[0] ?? 0;
  const mean = values.reduce((sum, value) => sum + (value - origin), 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - origin - mean) ** 2, 0) / (values.length - 1));
}

/** Rewards that are known, without a charge for the distance to the starting model: it differs in every group, by next to nothing. */
const knownRewards = (group: readonly Pick<Rollout, "reward">[]): number[] =>
  group.flatMap(({ reward }) => (reward ? [reward.total - (reward.parts.kl ?? 0)] : []));

/** The unbiased standard deviation of a group's known rewards; 0 where fewer than two are known. */
export function rewardDeviation(group: readonly Pick<Rollout, "reward">[]): number {
  const known = knownRewards(group);
  return known.length < 2 ? 0 : standardDeviation(known);
}

/**
 * Whether a group's known rewards differ, so that something is learned from it. A single known reward is its own
 * advantage and counts as different, as in DAPO's filter in verl; a group without any has nothing to learn from.
 */
export const hasVariance = (group: readonly Pick<Rollout, "reward">[]): boolean =>
  knownRewards(group).length === 1 || rewardDeviation(group) >= sameReward;
