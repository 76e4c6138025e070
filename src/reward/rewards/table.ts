import { chainOfFocus } from "./chain_of_focus.ts";
import { deepeyes } from "./deepeyes.ts";
import { deepeyesAnyZoom } from "./deepeyes_any_zoom.ts";
import { deepeyesV2 } from "./deepeyes_v2.ts";
import { legible } from "./legible.ts";
import { miniO3 } from "./mini_o3.ts";
import { pixelReasoner } from "./pixel_reasoner.ts";
import { pyvisionRl } from "./pyvision_rl.ts";
import type { RewardFunction, RewardPart } from "./reward_function.ts";
import { thyme } from "./thyme.ts";
import { toolsRl } from "./tools_rl.ts";
import { treeVgr } from "./tree_vgr.ts";
import { verl } from "./verl.ts";
import { vtoolR1 } from "./vtool_r1.ts";
import { ownWeights } from "./weights.ts";

/**
 * The rewards that a run can choose by name, the default first: Saccade's own, DeepEyes', and those of others who
 * followed, each as its authors' code or paper has it (none of their prompts: who judges is another choice). The choices of
 * the knob `reward`, the labels of the page and the names of metrics follow from this table.
 */
export const rewards = [
  ownWeights,
  deepeyes,
  verl,
  deepeyesAnyZoom,
  deepeyesV2,
  pixelReasoner,
  miniO3,
  thyme,
  treeVgr,
  chainOfFocus,
  vtoolR1,
  pyvisionRl,
  toolsRl,
  legible,
] as const;

export type RewardName = (typeof rewards)[number]["name"];

const byName: ReadonlyMap<string, RewardFunction> = new Map(rewards.map((reward) => [reward.name, reward]));

/** The names, the default first. */
export const rewardNames = rewards.map(({ name }) => name) as [RewardName, ...RewardName[]];

/** Null where no reward of the table has that name: it was a person's own, or of another version. */
export const findReward = (name: string): RewardFunction | null => byName.get(name) ?? null;

/** @throws Error that names the rewards there are */
export function rewardNamed(name: string): RewardFunction {
  const reward = findReward(name);
  if (!reward) throw new Error(`Expected a reward of ${rewardNames.join(", ")}, found "${name}"`);
  return reward;
}

/** A reward, or the one of that name; `weights` where none is given. @throws Error where there is none of that name */
export const rewardOf = (given: RewardFunction | string = "weights"): RewardFunction =>
  typeof given === "string" ? rewardNamed(given) : given;

/** Every part that a reward of the table has, by name. */
export const knownParts: ReadonlyMap<string, RewardPart> = new Map(
  rewards.flatMap(({ parts }: RewardFunction) => parts.map((part) => [part.name, part] as const)).reverse(),
);
