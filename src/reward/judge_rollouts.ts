import type { Rollout } from "../agent/rollout.ts";
import type { Task } from "../tasks/task.ts";
import type { AnswerJudge } from "./judge.ts";
import { type MenuName, scoreByMenu } from "./menu.ts";
import { type RewardWeights, score } from "./reward.ts";
import type { Verdict } from "./rules.ts";

export interface JudgingSettings {
  weights: RewardWeights;
  /** A reward of the menu in the place of `weights`. */
  menu?: MenuName;
  /** The response as the originals decode it, for judges that look for the answer themselves. */
  response?: (rollout: Rollout) => string;
  signal?: AbortSignal;
}

/**
 * Judges and scores the rollouts of one task, all at once; the judge's own limits hold. A rollout whose verdict could
 * not be had keeps the reward null and can be judged again later, by the same call. Those that the world failed are
 * left alone.
 */
export async function judgeRollouts(
  rollouts: readonly Rollout[],
  task: Task,
  judge: AnswerJudge,
  { weights, menu, response, signal }: JudgingSettings,
): Promise<void> {
  const verdicts = await verdictsOf(rollouts, task, judge, response, signal);
  const rewards = menu
    ? scoreByMenu(menu, rollouts, task, verdicts)
    : rollouts.map((rollout, i) => score(rollout, task, weights, verdicts[i]));
  rollouts.forEach((rollout, i) => {
    rollout.reward = rewards[i];
  });
}

/**
 * One verdict per rollout. Judges without chance are asked once per answer: a group often agrees. The others are asked
 * for each rollout, as the originals do.
 */
export async function verdictsOf(
  rollouts: readonly Rollout[],
  task: Task,
  judge: AnswerJudge,
  response?: (rollout: Rollout) => string,
  signal?: AbortSignal,
): Promise<(Verdict | null)[]> {
  const isFixed = judge.name === "rules" || judge.name === "hardened";
  const asked = new Map<string | null, Promise<Verdict | null>>();
  return Promise.all(
    rollouts.map((rollout) => {
      if (rollout.end === "error") return null;
      const ask = () =>
        judge.verdict(
          {
            question: task.question,
            goldAnswer: task.answer,
            answer: rollout.answer,
            response: response?.(rollout),
            source: task.source,
          },
          signal,
        );
      if (!isFixed) return ask();
      const known = asked.get(rollout.answer) ?? ask();
      asked.set(rollout.answer, known);
      return known;
    }),
  );
}
