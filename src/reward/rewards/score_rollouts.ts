import { orAborted } from "../../agent/or_aborted.ts";
import type { Reward, Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import type { AnswerJudge } from "../judges/judge.ts";
import { judgeNamed } from "../judges/table.ts";
import { verdictsOf } from "../judges/verdicts.ts";
import { MissingText, responseOf } from "../responses/response_of.ts";
import { judgeByRules, type Verdict } from "../rules/rules.ts";
import {
  type PartValues,
  type RewardFunction,
  type RewardInput,
  type RewardWeights,
  sumOfParts,
} from "./reward_function.ts";
import { rewardRollout } from "./reward_rollout.ts";
import { rewardOf } from "./table.ts";

export interface ScoringSettings {
  /** What is paid for: a reward, or the name of one of the table; `weights` where absent. */
  reward?: RewardFunction | string;
  weights: RewardWeights;
  /** What becomes of a rollout whose verdict could not be had: no reward, or the originals' 0. */
  failure?: "leave-out" | "zero";
  /** Text of tokens, special ones included; absent without a tokenizer. */
  decode?: (tokens: readonly number[]) => string;
  signal?: AbortSignal;
}

/**
 * Scores the rollouts of one task, all at once; the judge is asked about those for which the reward wants a verdict, and
 * its own limits hold. What it found is stored in `judged`, so that `scoreAgain` can score without it. A rollout whose
 * verdict could not be had keeps the reward null and can be judged again later, by the same call. Those that ended with
 * an error are left alone; where the signal aborts, rollouts that are not scored yet have no reward.
 * @throws Error with one sentence that names the reward where its score() fails or returns no finite numbers
 */
export async function scoreRollouts(
  rollouts: readonly Rollout[],
  task: Task,
  judge: AnswerJudge,
  settings: ScoringSettings,
): Promise<void> {
  for (const rollout of rollouts) {
    delete rollout.unjudged;
    delete rollout.judged;
  }
  const verdictOf = verdictsOf(task, judge, settings.signal);
  await scoreAll(rollouts, task, settings, {
    verdict: async (rollout) => {
      const { verdict, why, words } = await verdictOf(rollout);
      if (verdict === null) rollout.unjudged = why ?? "The judge gave no verdict";
      rollout.judged = { ...rollout.judged, verdict, ...(words && { words }) };
      return verdict;
    },
    consistent: async (rollout) => {
      const consistent = await consistencyOf(rollout, judge, settings.signal);
      rollout.judged = { verdict: null, ...rollout.judged, consistent };
      return consistent;
    },
  });
}

/**
 * The rewards of one task's rollouts from what stands in them: the same rollouts and settings give the same bits as when
 * they were scored first.
 * @throws Error where the reward reads a text that a log of an early run does not have
 */
export function scoreAgain(rollouts: readonly Rollout[], task: Task, settings: ScoringSettings): Promise<void> {
  return scoreAll(rollouts, task, settings, {
    verdict: async ({ judged }) => judged?.verdict ?? null,
    consistent: async ({ judged }) => judged?.consistent ?? null,
  });
}

/** Whether a judge (null: none is asked) or a reward reads texts of responses, which logs of early runs do not have. */
export const readsResponses = (judge: AnswerJudge | null, { needs = [] }: RewardFunction): boolean =>
  needs.includes("response") ||
  (judge !== null &&
    (judgeNamed(judge.name).reads !== "answer" || (needs.includes("consistency") && judge.consistent !== undefined)));

/** Who answers what a reward asks about a rollout: a judge, or what a log holds. Null where neither could say. */
interface Answering {
  verdict(rollout: Rollout): Promise<Verdict | null>;
  consistent(rollout: Rollout): Promise<boolean | null>;
}

async function scoreAll(
  rollouts: readonly Rollout[],
  task: Task,
  { reward: given, weights, failure = "leave-out", decode, signal }: ScoringSettings,
  answering: Answering,
): Promise<void> {
  const reward = rewardOf(given);
  const seen = rollouts.flatMap((rollout) => (rollout.end === "error" ? [] : [rewardRollout(rollout, decode)]));
  // What continues a rollout is compared with what else continues it (train/advantage.ts).
  const isMixed = rollouts.some(({ continues }) => continues);
  const groupOf = ({ continues }: Rollout) =>
    isMixed ? seen.filter(({ raw }) => raw.continues?.rollout === continues?.rollout) : seen;
  const rewards = new Map<Rollout, Reward | null>();
  await Promise.all(
    seen.map(async (one) => {
      const questions = new Questions(one.raw, answering);
      const { verdict, consistent } = questions;
      const input: RewardInput = { rollout: one, task, group: groupOf(one.raw), weights, verdict, consistent };
      // A reward may wait for a server that never answers, and what fails since it was stopped is no failure of its own.
      const scored = await orAborted(questions.partsBy(reward, input), signal).catch((error) => {
        if (signal?.aborted) return null;
        throw error;
      });
      if (scored === noVerdict) rewards.set(one.raw, failure === "zero" ? paidNothing(reward) : null);
      else if (scored !== null) {
        const verdict = questions.found ?? judgeByRules(one.answer, task);
        rewards.set(
          one.raw,
          naming(reward, one.id, () => rewardBy(reward, scored, verdict)),
        );
      }
    }),
  );
  for (const rollout of rollouts) rollout.reward = rewards.get(rollout) ?? null;
}

const noVerdict = Symbol("no verdict");

/** What a reward asks about one rollout: each question once, whoever waits for the answer. */
class Questions {
  readonly #rollout: Rollout;
  readonly #answering: Answering;
  #verdict: Promise<Verdict> | null = null;
  #consistent: Promise<boolean | null> | null = null;
  /** Null until the verdict is there. */
  found: Verdict | null = null;
  /** What went wrong in the answering, not in the reward. */
  readonly #failures = new Set<unknown>();
  #hasNone = false;

  constructor(rollout: Rollout, answering: Answering) {
    this.#rollout = rollout;
    this.#answering = answering;
  }

  verdict = (): Promise<Verdict> => {
    this.#verdict ??= this.#noted(
      this.#answering.verdict(this.#rollout).then((found) => {
        if (found === null) {
          this.#hasNone = true;
          throw new Error("The judge gave no verdict");
        }
        this.found = found;
        return found;
      }),
    );
    return this.#verdict;
  };

  consistent = (): Promise<boolean | null> => {
    this.#consistent ??= this.#noted(this.#answering.consistent(this.#rollout));
    return this.#consistent;
  };

  /** The parts of the reward; null where it leaves the rollout out. @throws Error that names the reward */
  async partsBy(reward: RewardFunction, input: RewardInput): Promise<PartValues | null | typeof noVerdict> {
    try {
      return await reward.score(input);
    } catch (error) {
      if (this.#failures.has(error)) {
        if (this.#hasNone) return noVerdict;
        throw error;
      }
      return naming(reward, input.rollout.id, () => {
        throw error;
      });
    }
  }

  #noted<T>(answer: Promise<T>): Promise<T> {
    // A reward that does not wait for the answer would leave its failure unhandled.
    answer.catch((error) => this.#failures.add(error));
    return answer;
  }
}

/** @throws Error that names the reward and the rollout where this throws, but for a text that a log does not have */
function naming<T>({ name }: RewardFunction, rollout: string, score: () => T): T {
  try {
    return score();
  } catch (error) {
    if (error instanceof MissingText) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`The reward ${name} failed at the rollout ${rollout}: ${why}`, { cause: error });
  }
}

function rewardBy(reward: RewardFunction, values: PartValues, verdict: Verdict): Reward {
  const total = sumOfParts(reward, values);
  const parts = Object.fromEntries(reward.parts.map(({ name }) => [name, values[name] ?? 0]));
  const right: unknown = reward.right ? reward.right(values) : verdict.right;
  if (typeof right !== "boolean") throw new Error(`right() must give true or false, found ${right}`);
  return { parts, total, right, verdict: verdict.rule };
}

/** What the originals give where the judge fails. */
const paidNothing = (reward: RewardFunction): Reward => ({
  parts: Object.fromEntries(reward.parts.map(({ name }) => [name, 0])),
  total: 0,
  right: false,
  verdict: "no verdict, paid 0",
});

/** Whether a right answer follows from what was thought before it; null where the judge could not say. */
async function consistencyOf(rollout: Rollout, judge: AnswerJudge, signal?: AbortSignal): Promise<boolean | null> {
  if (rollout.answer === null || !judge.consistent) return null;
  const text = responseOf(rollout).plain;
  const thought = text.slice(0, Math.max(0, text.lastIndexOf(rollout.answer)));
  return judge.consistent(thought, rollout.answer, signal);
}
