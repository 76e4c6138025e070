import type { Reward, Rollout } from "../agent/rollout.ts";
import type { AnswerJudge } from "../reward/judge.ts";
import { type JudgingSettings, judgeRollouts } from "../reward/judge_rollouts.ts";
import type { Task } from "../tasks/task.ts";
import type { TrainEvent } from "../train/events.ts";

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
}

export interface RejudgedStep {
  step: number;
  rollouts: number;
  before: Standing;
  after: Standing;
  changed: ChangedVerdict[];
}

/**
 * Judges the stored rollouts of a run again, step by step, under another judge or other weights. The events are left
 * as they are. Answers are judged as they were read from the rollouts; nothing is rolled or decoded.
 */
export async function* rejudge(
  events: readonly TrainEvent[],
  judge: AnswerJudge,
  settings: JudgingSettings,
): AsyncGenerator<RejudgedStep> {
  let tasks: Task[] = [];
  let groups: { task: Task; before: Rollout[] }[] = [];
  for (const event of events) {
    if (event.type === "tasks") tasks = event.more ? [...tasks, ...event.tasks] : event.tasks;
    if (event.type === "group") {
      const task = tasks[event.taskIndex];
      if (!task) throw new Error(`The log has rollouts of step ${event.step} without their tasks; it is damaged`);
      groups.push({ task, before: event.rollouts });
    }
    if (event.type === "update") {
      if (groups.length > 0) yield await step(event.step, groups, judge, settings);
      groups = [];
    }
  }
}

async function step(
  number: number,
  groups: readonly { task: Task; before: Rollout[] }[],
  judge: AnswerJudge,
  settings: JudgingSettings,
): Promise<RejudgedStep> {
  const judged = await Promise.all(
    groups.map(async ({ task, before }) => {
      const after = before.map((rollout) => ({ ...rollout, reward: null }) satisfies Rollout as Rollout);
      await judgeRollouts(after, task, judge, settings);
      return { task, before, after };
    }),
  );
  const changed = judged.flatMap(({ task, before, after }) =>
    before.flatMap((old, i): ChangedVerdict[] =>
      old.reward?.right === after[i].reward?.right
        ? []
        : [
            {
              rollout: old.id,
              question: task.question,
              goldAnswer: task.answer,
              answer: old.answer,
              before: old.reward,
              after: after[i].reward,
            },
          ],
    ),
  );
  const all = (side: "before" | "after") => judged.flatMap((group) => group[side].map((rollout) => rollout.reward));
  return {
    step: number,
    rollouts: all("before").length,
    before: standing(all("before")),
    after: standing(all("after")),
    changed,
  };
}

function standing(rewards: readonly (Reward | null)[]): Standing {
  const scored = rewards.filter((reward) => reward !== null);
  const mean = (value: (reward: Reward) => number) =>
    scored.length === 0 ? null : scored.reduce((sum, reward) => sum + value(reward), 0) / scored.length;
  return { scored: scored.length, accuracy: mean((r) => Number(r.right)), reward: mean((r) => r.total) };
}
