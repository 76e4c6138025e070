import { responseText } from "../../agent/response_text.ts";
import type { Judged, JudgeWords, Reward, Rollout } from "../../agent/rollout.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import type { AnswerJudge } from "../../reward/judges/judge.ts";
import {
  readsResponses,
  type ScoringSettings,
  scoreAgain,
  scoreRollouts,
} from "../../reward/rewards/score_rollouts.ts";
import { rewardOf } from "../../reward/rewards/table.ts";
import type { Task } from "../../tasks/task.ts";
import type { TrainEvent } from "../../train/events.ts";
import { withCharge } from "../../train/kl_reward.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { isOwnCode, notLoaded } from "../../train/own_code.ts";

/** Means over the rollouts with a reward, null where none has one. */
export interface Standing {
  scored: number;
  accuracy: number | null;
  reward: number | null;
}

/** A rollout of which the two judges think differently, or of which one of them knows nothing. */
export interface ChangedVerdict {
  rollout: string;
  question: string;
  goldAnswer: string;
  answer: string | null;
  before: Reward | null;
  after: Reward | null;
  /** What the judge said now, where a model was asked. */
  words?: JudgeWords;
}

export interface RejudgedStep {
  step: number;
  rollouts: number;
  before: Standing;
  after: Standing;
  changed: ChangedVerdict[];
  /** Rollouts whose reward differs in its total, also where the verdict does not. */
  rewardsDiffer: number;
  /**
   * Verdicts inferred from stored rewards: an earlier version wrote the log. A right answer
   * that verl's or DeepEyes' reward took back (too long, no box) counts as wrong there.
   */
  verdictsFromRewards: number;
}

/** How stored rollouts are judged. */
export interface Rejudging {
  /** Null: by the verdicts that are stored; no judge is asked. */
  judge: AnswerJudge | null;
  /** What is paid for, from the run's own configuration at a step. */
  settings(own: RunConfig): ScoringSettings;
  /** For logs without the text of responses: the tokenizer of the run's model; asked only where the text is needed. */
  tokenizer?(model: string): Promise<Tokenizer>;
}

/** A stored group, and a copy of it that was judged again. */
export interface RejudgedGroup {
  task: Task;
  before: readonly Rollout[];
  after: Rollout[];
}

/** Judges or only scores the stored rollouts of a run again, and compares, step by step. See `rejudgedGroups`. */
export async function* rejudge(events: readonly TrainEvent[], rejudging: Rejudging): AsyncGenerator<RejudgedStep> {
  for await (const { step, groups } of rejudgedGroups(events, rejudging)) {
    const pairs = groups.flatMap(({ task, before, after }) =>
      before.map((old, i) => {
        const { reward, judged } = after[i]!;
        return { task, old, before: old.reward, after: reward, words: judged?.words };
      }),
    );
    yield {
      step,
      rollouts: pairs.length,
      before: standing(pairs.map((pair) => pair.before)),
      after: standing(pairs.map((pair) => pair.after)),
      changed: pairs
        .filter(({ before, after }) => before?.right !== after?.right)
        .map(({ task, old, before, after, words }) => ({
          rollout: old.id,
          question: task.question,
          goldAnswer: task.answer,
          answer: old.answer,
          before,
          after,
          ...(words && { words }),
        })),
      rewardsDiffer: pairs.filter(({ before, after }) => before?.total !== after?.total).length,
      verdictsFromRewards: rejudging.judge
        ? 0
        : pairs.filter(({ old }) => old.judged === undefined && old.end !== "error").length,
    };
  }
}

/**
 * The stored groups of a run, judged or only scored again by the functions that did so live: under the same settings the
 * rewards are the same bits. The events are left as they are; nothing is rolled. What was charged for the distance to the
 * starting model is charged again.
 * @throws Error where a log of an early run lacks what the judge or the reward reads
 */
export async function* rejudgedGroups(
  events: readonly TrainEvent[],
  rejudging: Rejudging,
): AsyncGenerator<{ step: number; groups: RejudgedGroup[] }> {
  let tasks: Task[] = [];
  let groups: StoredGroup[] = [];
  let own: RunConfig | null = null;
  /** A change holds from the next step on, also where it is logged within one. */
  let changes: Partial<RunConfig> = {};
  for (const event of events) {
    if (event.type === "run") own = event.config;
    if (event.type === "config") changes = { ...changes, ...event.changes };
    if (event.type === "tasks") {
      if (own && !event.more) own = { ...own, ...changes };
      tasks = event.more ? [...tasks, ...event.tasks] : event.tasks;
    }
    if (event.type === "group") {
      const task = tasks[event.taskIndex];
      if (!task) throw new Error(`The log has rollouts of step ${event.step} without their tasks; it is damaged`);
      groups.push({ task, before: event.rollouts });
    }
    if (event.type === "update") {
      if (!own) throw new Error("Expected the log of a run, found one without a head; it is damaged");
      if (groups.length > 0) yield { step: event.step, groups: await judgedAgain(groups, own, rejudging) };
      groups = [];
    }
  }
}

interface StoredGroup {
  task: Task;
  before: readonly Rollout[];
}

async function judgedAgain(
  groups: readonly StoredGroup[],
  own: RunConfig,
  rejudging: Rejudging,
): Promise<RejudgedGroup[]> {
  const given = rejudging.settings(own);
  if (typeof given.reward === "string" && isOwnCode(given.reward)) throw notLoaded("the reward", given.reward);
  const reward = rewardOf(given.reward);
  const lacksText = groups.some(({ before }) => before.some(({ response }) => response === undefined));
  const tokenizer =
    lacksText && readsResponses(rejudging.judge, reward) ? await rejudging.tokenizer?.(own.model) : undefined;
  const settings: ScoringSettings = {
    ...given,
    reward,
    ...(tokenizer && { decode: (tokens) => tokenizer.decode(tokens) }),
  };
  if (reward.needs?.includes("reader")) expectRead(reward.name, groups);
  return Promise.all(
    groups.map(async ({ task, before }) => {
      const after = before.map(
        (rollout): Rollout => ({
          ...rollout,
          response: rollout.response ?? (tokenizer && responseText(tokenizer, rollout)),
          judged: rejudging.judge ? undefined : storedVerdict(rollout, own),
          reward: null,
        }),
      );
      if (rejudging.judge) await scoreRollouts(after, task, rejudging.judge, settings);
      else {
        if (reward.needs?.includes("consistency")) expectConsistency(reward.name, after, own);
        await scoreAgain(after, task, settings);
      }
      after.forEach((rollout, i) => {
        const charge = before[i]!.reward?.parts.kl;
        if (rollout.reward && charge !== undefined) rollout.reward = withCharge(rollout.reward, charge);
      });
      return { task, before, after };
    }),
  );
}

/** What a judge found when the run was made. */
function storedVerdict({ judged, end, reward }: Rollout, own: RunConfig): Judged | undefined {
  if (judged || end === "error") return judged;
  // An early log: Mini-o3 leaves out rollouts that ran out of turns, and no judge was asked about them.
  const isLeftOut = reward === null && own.reward === "mini-o3" && (end === "turns" || end === "length");
  if (isLeftOut) return { verdict: { right: false, rule: "no answer" } };
  if (reward === null || reward.verdict === "no verdict, paid 0") return { verdict: null };
  return { verdict: { right: reward.right, rule: reward.verdict } };
}

/** Whether right answers follow from their thoughts was asked of a judge that reads only where the reward paid for it. */
function expectConsistency(reward: string, rollouts: readonly Rollout[], { judge }: RunConfig): void {
  if (judge !== "rules" && rollouts.some(({ judged }) => judged?.verdict?.right && judged.consistent === undefined))
    throw new Error(
      `The reward ${reward} pays for answers that follow from their thoughts, which this log does not hold; choose a judge that reads (--judge-url)`,
    );
}

/** Crops are not in a log: what was not read when the run was made cannot be read now. */
function expectRead(reward: string, groups: readonly StoredGroup[]): void {
  const calls = groups.flatMap(({ before }) => before.flatMap((rollout) => rollout.calls));
  if (calls.some(({ outcome, legible }) => outcome === "ok" && legible === undefined))
    throw new Error(
      `The reward ${reward} pays for crops in which a reader reads the answer, which this log does not say; it can be paid in a run with a reader`,
    );
}

function standing(rewards: readonly (Reward | null)[]): Standing {
  const scored = rewards.filter((reward) => reward !== null);
  const mean = (value: (reward: Reward) => number) =>
    scored.length === 0 ? null : scored.reduce((sum, reward) => sum + value(reward), 0) / scored.length;
  return { scored: scored.length, accuracy: mean((r) => Number(r.right)), reward: mean((r) => r.total) };
}
