import type { Rollout } from "../agent/rollout.ts";
import { countsNow, judgeMetrics } from "../reward/judges/metrics.ts";
import type { Task } from "../tasks/task.ts";
import type { Metrics } from "./events.ts";
import { stepMetrics } from "./metrics.ts";
import { rollAndScore } from "./rolling.ts";
import type { RollingParts } from "./run_parts.ts";

/** Most rollouts of an evaluation that are sampled together. */
const rolloutsPerEvaluation = 128;

/** Steps of evaluations begin here, far from those of runs: no random number is used twice. */
const evaluationStep = 2 ** 31;

/**
 * Rolls and scores tasks, one attempt each, in batches that fit the device; nothing is trained.
 * @throws Error as rollAndScore does
 */
export async function evaluate(parts: RollingParts, tasks: readonly Task[], greedy: boolean): Promise<Metrics> {
  const before = countsNow(parts.judge.counts);
  const rollouts: Rollout[][] = [];
  for await (const group of rollTasks(parts, tasks, { rolloutsPerTask: 1, greedy })) rollouts.push(group.rollouts);
  const { judge } = parts;
  return {
    ...stepMetrics(tasks, rollouts, parts.tools),
    ...(judge.name === "rules" ? {} : judgeMetrics(judge.counts, before)),
  };
}

/** How tasks are rolled out without training. */
export interface RollingOptions {
  rolloutsPerTask: number;
  greedy: boolean;
  /** Part of the key of the first batch's random numbers; a caller with several batches gives each another. */
  step?: number;
}

/** The same, task by task, with several attempts each. */
export async function* rollTasks(
  parts: RollingParts,
  tasks: readonly Task[],
  { rolloutsPerTask, greedy, step = evaluationStep }: RollingOptions,
): AsyncGenerator<{ task: Task; rollouts: Rollout[] }> {
  const together = Math.max(1, Math.floor(rolloutsPerEvaluation / rolloutsPerTask));
  for (let first = 0; first < tasks.length; first += together) {
    const batch = tasks.slice(first, first + together);
    // A step of its own for every batch: no random number is used twice.
    const rolling = rollAndScore(parts, batch, (task) => parts.source.pictures(task), {
      step: step + first,
      rolloutsPerTask,
      greedy,
    });
    let next = await rolling.next();
    while (!next.done) next = await rolling.next();
    for (const [i, task] of batch.entries()) yield { task, rollouts: next.value.rollouts[i]! };
  }
}
