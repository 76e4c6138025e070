import type { Reward, Rollout } from "../../src/agent/rollout.ts";
import type { RewardFunction, RewardWeights } from "../../src/reward/rewards/reward_function.ts";
import { scoreAgain } from "../../src/reward/rewards/score_rollouts.ts";
import { judgeByRules, type Verdict } from "../../src/reward/rules/rules.ts";
import { needleTask } from "./rollouts.ts";

export const weights: RewardWeights = {
  answerWeight: 0.8,
  formatWeight: 0.2,
  bonusWeight: 1.2,
  bonus: "conditional",
  toolStageSteps: 0,
};

/** The rewards of a group at `needleTask` by stored verdicts; the rules' own where none are given. */
export async function rewardsOf(
  group: readonly Rollout[],
  settings: {
    reward?: RewardFunction | string;
    weights?: RewardWeights;
    verdicts?: readonly (Verdict | null)[];
    consistent?: readonly (boolean | null)[];
  } = {},
): Promise<(Reward | null)[]> {
  const copies = group.map((one, i): Rollout => {
    const verdict = settings.verdicts ? (settings.verdicts[i] ?? null) : judgeByRules(one.answer, needleTask);
    return { ...one, judged: { verdict, consistent: settings.consistent?.[i] ?? null } };
  });
  await scoreAgain(copies, needleTask, { weights, ...settings });
  return copies.map(({ reward }) => reward);
}
