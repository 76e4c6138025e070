import type { Rolled } from "../agent/loop.ts";
import type { Reward, Rollout } from "../agent/rollout.ts";
import type { VisionConfig } from "../model/config.ts";
import type { Metrics } from "./events.ts";
import type { Learner, UpdateSettings } from "./learner.ts";
import { packAll } from "./pack_rollouts.ts";
import { modelTokens } from "./trained_tokens.ts";

/**
 * How far each rollout is from the starting model: the sum over the model's own tokens of the log-probability when
 * sampled less that under the reference (k1; verl's default in the reward).
 *
 * @param reference  holds the starting model; nothing is trained
 * @returns          (tasks, rolloutsPerTask), nats; may be negative
 */
export async function klSums(
  reference: Pick<Learner, "logprobs">,
  rolled: Rolled,
  settings: Pick<UpdateSettings, "temperature" | "suppressed">,
  vision: VisionConfig,
): Promise<number[][]> {
  const groups = packAll(rolled, vision);
  const logprobs = await reference.logprobs(groups, settings);
  let at = 0;
  return groups.map(({ sequences }) =>
    sequences.map(({ targets }) =>
      targets.reduce((sum, { oldLogprob = Number.NaN }) => sum + oldLogprob - logprobs[at++]!, 0),
    ),
  );
}

/** A reward with what is charged for its distance, as a part of that name. */
export const withCharge = (reward: Reward, charge: number): Reward => ({
  ...reward,
  parts: { ...reward.parts, kl: charge },
  total: reward.total + charge,
});

/**
 * Charges the distance to the starting model to the rewards, before advantages are taken, as a part named "kl"
 * (verl: apply_kl_penalty). A rollout without a reward stays without one.
 *
 * @param sums  of `klSums`
 * @param coef  reward per nat
 */
export function chargeKl(rollouts: readonly (readonly Rollout[])[], sums: readonly number[][], coef: number): Metrics {
  const means: number[] = [];
  for (const [task, group] of rollouts.entries())
    for (const [i, rollout] of group.entries()) {
      const kl = sums[task]![i]!;
      means.push(kl / Math.max(1, modelTokens(rollout)));
      const { reward } = rollout;
      if (!reward) continue;
      rollout.reward = withCharge(reward, -coef * kl);
    }
  return {
    reward_kl: means.reduce((sum, mean) => sum + mean, 0) / Math.max(1, means.length),
    reward_kl_coef: coef,
  };
}
