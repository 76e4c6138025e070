import type { RewardFunction } from "../../../reward/rewards/reward_function.ts";
import { findReward, knownParts, rewards } from "../../../reward/rewards/table.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { shortened } from "./numbers.ts";

/** Labels of rewards. */
export const rewardLabels: Readonly<Record<string, string>> = Object.fromEntries(
  rewards.map(({ name, label }) => [name, label]),
);

/** The reward that a run is paid by, null for the run's own weights; logs of early runs name none. */
export const formulaOf = (reward: string | undefined): RewardFunction | null =>
  reward === undefined || reward === "weights" ? null : findReward(reward);

/** The label of a reward; its name where the page does not know the reward. */
export const rewardLabel = (name: string): string => findReward(name)?.label ?? shortened(name, 200);

/** The label of a part of a reward; its name where the page does not know the part. */
export const partLabel = (name: string): string => knownParts.get(name)?.label ?? shortened(name, 200);

/** The most that a run's reward pays for one rollout; 1 where it is not declared. */
export function mostPaid(config: RunConfig): number {
  const most = findReward(config.reward)?.most ?? 1;
  return typeof most === "number" ? most : most(config);
}
