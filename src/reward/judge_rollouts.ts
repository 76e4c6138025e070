import type { Reward, Rollout } from "../agent/rollout.ts";
import type { Task } from "../tasks/task.ts";
import { partsAsDeepEyes, rewardKindAsDeepEyes } from "./deepeyes.ts";
import type { AnswerJudge } from "./judge.ts";
import { type MenuName, scoreByMenu } from "./menu.ts";
import { type RewardWeights, score } from "./reward.ts";
import type { Verdict } from "./rules.ts";
import { partsAsVerl } from "./verl.ts";

export interface JudgingSettings {
  /** What is paid for; `weights` for our own formula, else an original's or a follow-up's. */
  reward?: RewardName;
  weights: RewardWeights;
  /** The responses as the originals decode them, for judges and rewards that look at the text. */
  response?: (rollout: Rollout, withoutSpecial: boolean) => string;
  /** What becomes of a rollout whose verdict could not be had: no reward, or the originals' 0. */
  failure?: "leave-out" | "zero";
  signal?: AbortSignal;
}

export type RewardName = "weights" | MenuName;

/**
 * Judges and scores the rollouts of one task, all at once; the judge's own limits hold. A rollout whose verdict could
 * not be had keeps the reward null and can be judged again later, by the same call. Those that the world failed are
 * left alone.
 */
export async function judgeRollouts(
  rollouts: readonly Rollout[],
  task: Task,
  judge: AnswerJudge,
  settings: JudgingSettings,
): Promise<void> {
  const { response, signal } = settings;
  const withoutSpecial = judge.name === "verl";
  for (const rollout of rollouts) delete rollout.unjudged;
  const verdicts = await verdictsOf(
    rollouts,
    task,
    judge,
    response && ((one) => response(one, withoutSpecial)),
    signal,
    (rollout, why) => {
      rollout.unjudged = why;
    },
  );
  const consistent =
    settings.reward === "thyme" ? await consistencyOf(rollouts, verdicts, judge, response, signal) : [];
  const rewards = rewardsOf(rollouts, task, verdicts, consistent, settings);
  rollouts.forEach((rollout, i) => {
    const failed = rollout.end !== "error" && verdicts[i] === null;
    if (failed) rollout.unjudged ??= "The judge gave no verdict";
    rollout.reward = failed && settings.failure === "zero" ? unjudged : rewards[i]!;
  });
}

/** What the originals give where the judge fails. */
const unjudged: Reward = {
  parts: { answer: 0, format: 0, zoom: 0 },
  total: 0,
  right: false,
  verdict: "no verdict, paid 0",
};

function rewardsOf(
  rollouts: readonly Rollout[],
  task: Task,
  verdicts: readonly (Verdict | null)[],
  consistent: readonly (boolean | null)[],
  { reward = "weights", weights, response }: JudgingSettings,
): (Reward | null)[] {
  if (reward === "weights") return rollouts.map((rollout, i) => score(rollout, task, weights, verdicts[i]));
  // Without the text what the rollout tells of itself must do: stored runs are judged again so.
  if ((reward !== "verl" && reward !== "deepeyes") || !response)
    return scoreByMenu(reward, rollouts, task, verdicts, {}, consistent);
  return rollouts.map((rollout, i) => {
    const verdict = verdicts[i];
    if (rollout.end === "error" || !verdict) return null;
    const { answer, format, zoom } =
      reward === "verl"
        ? partsAsVerl(response(rollout, true), verdict.right)
        : partsAsDeepEyes(rewardKindAsDeepEyes(task.dataSource ?? ""), response(rollout, false), verdict.right);
    const parts = { answer, format, zoom };
    return { parts, total: answer + format + zoom, right: answer > 0, verdict: verdict.rule };
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
  failed?: (rollout: Rollout, why: string) => void,
): Promise<(Verdict | null)[]> {
  const isFixed = judge.name === "rules" || judge.name === "hardened";
  const asked = new Map<string | null, Promise<Heard>>();
  const heard = await Promise.all(
    rollouts.map((rollout): Heard | Promise<Heard> => {
      if (rollout.end === "error") return { verdict: null, why: null };
      const ask = async (): Promise<Heard> => {
        let why: string | null = null;
        const verdict = await judge.verdict(
          {
            question: task.question,
            goldAnswer: task.answer,
            answer: rollout.answer,
            response: response?.(rollout),
            source: task.source,
            dataSource: task.dataSource,
          },
          signal,
          (sentence) => {
            why = sentence;
          },
        );
        return { verdict, why };
      };
      if (!isFixed) return ask();
      const known = asked.get(rollout.answer) ?? ask();
      asked.set(rollout.answer, known);
      return known;
    }),
  );
  // Told here rather than where it is heard: rollouts of one answer share the question.
  heard.forEach(({ why }, i) => {
    if (why !== null) failed?.(rollouts[i]!, why);
  });
  return heard.map(({ verdict }) => verdict);
}

/** A verdict, or why there is none. */
interface Heard {
  verdict: Verdict | null;
  why: string | null;
}

/** Whether right answers follow from what was thought before them; of others nobody asks. */
function consistencyOf(
  rollouts: readonly Rollout[],
  verdicts: readonly (Verdict | null)[],
  judge: AnswerJudge,
  response: JudgingSettings["response"],
  signal?: AbortSignal,
): Promise<(boolean | null)[]> {
  return Promise.all(
    rollouts.map(async (rollout, i) => {
      if (!verdicts[i]?.right || rollout.answer === null || !response) return null;
      const said = response(rollout, true);
      const thought = said.slice(0, Math.max(0, said.lastIndexOf(rollout.answer)));
      return (await judge.consistent?.(thought, rollout.answer, signal)) ?? null;
    }),
  );
}
