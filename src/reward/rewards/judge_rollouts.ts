import { wholeText } from "../../agent/response_text.ts";
import type { Reward, Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import type { AnswerJudge } from "../judges/answer_judge.ts";
import type { Verdict } from "../rules/rules.ts";
import { type MenuName, noResponse, scoreByMenu } from "./menu.ts";
import { type RewardWeights, score } from "./reward.ts";

export interface JudgingSettings {
  /** What is paid for; `weights` for our own formula, else an original's or a follow-up's. */
  reward?: RewardName;
  weights: RewardWeights;
  /** What becomes of a rollout whose verdict could not be had: no reward, or the originals' 0. */
  failure?: "leave-out" | "zero";
  signal?: AbortSignal;
}

type RewardName = "weights" | MenuName;

/**
 * Judges and scores the rollouts of one task, all at once; the judge's own limits hold. What the judge found is kept in
 * `judged`, so that `scoreRollouts` can score again without it. A rollout whose verdict could not be had keeps the reward
 * null and can be judged again later, by the same call. Those that the world failed are left alone.
 */
export async function judgeRollouts(
  rollouts: readonly Rollout[],
  task: Task,
  judge: AnswerJudge,
  settings: JudgingSettings,
): Promise<void> {
  for (const rollout of rollouts) delete rollout.unjudged;
  const verdicts = await verdictsOf(rollouts, task, judge, settings.signal, (rollout, why) => {
    rollout.unjudged = why;
  });
  const consistent =
    settings.reward === "thyme" ? await consistencyOf(rollouts, verdicts, judge, settings.signal) : null;
  rollouts.forEach((rollout, i) => {
    if (rollout.end === "error") return;
    if (verdicts[i] === null) rollout.unjudged ??= "The judge gave no verdict";
    rollout.judged = { verdict: verdicts[i]!, ...(consistent ? { consistent: consistent[i]! } : {}) };
  });
  scoreRollouts(rollouts, task, settings);
}

/**
 * The rewards of one task's rollouts from what stands in them, live and in a log alike: the same rollouts and settings
 * give the same bits.
 * @throws Error where the reward reads a text that a log of an early run does not have
 */
export function scoreRollouts(
  rollouts: readonly Rollout[],
  task: Task,
  { reward = "weights", weights, failure }: JudgingSettings,
): void {
  const verdicts = rollouts.map((rollout) => rollout.judged?.verdict ?? null);
  const rewards =
    reward === "weights"
      ? rollouts.map((rollout, i) => score(rollout, task, weights, verdicts[i]))
      : scoreByMenu(
          reward,
          rollouts,
          task,
          verdicts,
          {},
          rollouts.map(({ judged }) => judged?.consistent ?? null),
        );
  rollouts.forEach((rollout, i) => {
    const failed = rollout.end !== "error" && verdicts[i] === null;
    rollout.reward = failed && failure === "zero" ? { ...unjudged, parts: { ...unjudged.parts } } : rewards[i]!;
  });
}

/** What the originals give where the judge fails. */
const unjudged: Reward = {
  parts: { answer: 0, format: 0, zoom: 0 },
  total: 0,
  right: false,
  verdict: "no verdict, paid 0",
};

/** Rules and the hardened judge read the answer alone; the originals look for it in the response themselves. */
const readsAnswersOnly = ({ name }: Pick<AnswerJudge, "name">): boolean => name === "rules" || name === "hardened";

/** Whether a judge (null: none is asked) or a reward reads whole responses. */
export const readsResponses = (judge: AnswerJudge | null, reward: RewardName = "weights"): boolean =>
  (judge !== null && (!readsAnswersOnly(judge) || (reward === "thyme" && judge.consistent !== undefined))) ||
  reward === "verl" ||
  reward === "deepeyes";

function responseFor({ name }: AnswerJudge, { response }: Rollout): string {
  if (response === undefined) throw new Error(noResponse);
  return name === "verl" ? response.plain : wholeText(response);
}

/**
 * One verdict per rollout. Judges without chance are asked once per answer: a group often agrees. The others are asked
 * for each rollout, as the originals do.
 */
async function verdictsOf(
  rollouts: readonly Rollout[],
  task: Task,
  judge: AnswerJudge,
  signal?: AbortSignal,
  failed?: (rollout: Rollout, why: string) => void,
): Promise<(Verdict | null)[]> {
  const isFixed = readsAnswersOnly(judge);
  const asked = new Map<string | null, Promise<Reply>>();
  const replies = await Promise.all(
    rollouts.map((rollout): Reply | Promise<Reply> => {
      if (rollout.end === "error") return { verdict: null, why: null };
      const ask = async (): Promise<Reply> => {
        let why: string | null = null;
        const verdict = await judge.verdict(
          {
            question: task.question,
            goldAnswer: task.answer,
            answer: rollout.answer,
            response: isFixed ? undefined : responseFor(judge, rollout),
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
  // Reported here rather than where it is known: rollouts of one answer share the question.
  replies.forEach(({ why }, i) => {
    if (why !== null) failed?.(rollouts[i]!, why);
  });
  return replies.map(({ verdict }) => verdict);
}

/** A verdict, or why there is none. */
interface Reply {
  verdict: Verdict | null;
  why: string | null;
}

/** Whether right answers follow from what was thought before them; of others nobody asks. */
function consistencyOf(
  rollouts: readonly Rollout[],
  verdicts: readonly (Verdict | null)[],
  judge: AnswerJudge,
  signal?: AbortSignal,
): Promise<(boolean | null)[]> {
  return Promise.all(
    rollouts.map(async (rollout, i) => {
      if (!verdicts[i]?.right || rollout.answer === null || !judge.consistent) return null;
      if (rollout.response === undefined) throw new Error(noResponse);
      const said = rollout.response.plain;
      const thought = said.slice(0, Math.max(0, said.lastIndexOf(rollout.answer)));
      return judge.consistent(thought, rollout.answer, signal);
    }),
  );
}
