import type { RewardFunction } from "../../../reward/rewards/reward_function.ts";
import { findReward, knownParts, rewards } from "../../../reward/rewards/table.ts";
import type { RunConfig } from "../../../train/knobs.ts";

/** Names of rewards for people. */
export const rewardWords: Readonly<Record<string, string>> = Object.fromEntries(
  rewards.map(({ name, label }) => [name, label]),
);

/** The reward that a run is paid by, null for the four weights; logs of early runs name none. */
export const formulaOf = (reward: string | undefined): RewardFunction | null =>
  reward === undefined || reward === "weights" ? null : findReward(reward);

/** What stands behind the name of a part. */
export const partWords: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from(knownParts.values(), ({ name, label }) => [name, label]),
);

/** The most that a run's reward pays for one rollout; 1 where nobody knows. */
export function mostPaid(config: RunConfig): number {
  const most = findReward(config.reward)?.most ?? 1;
  return typeof most === "number" ? most : most(config);
}
