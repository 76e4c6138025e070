import type { Rolled } from "../agent/loop.ts";
import type { Rollout } from "../agent/rollout.ts";
import { countsNow, judgeMetrics } from "../reward/judges/metrics.ts";
import type { Task } from "../tasks/task.ts";
import { type CausalSummary, summarizeWorths, type ZoomWorth } from "./causal_zoom.ts";
import type { Metrics } from "./events.ts";
import { stepMetrics } from "./metrics.ts";
import { rollAndScore } from "./rolling.ts";
import type { RollingParts } from "./run_parts.ts";

/** Most rollouts of an evaluation that are sampled together. */
const rolloutsPerEvaluation = 128;

/** Steps of evaluations begin here, far from those of runs: no random number is used twice. */
const evaluationStep = 2 ** 31;

/** What an evaluation found. */
export interface Evaluated {
  metrics: Metrics;
  /** What the tools' pictures were worth; only where it was measured. */
  causal?: CausalSummary;
}

/**
 * Rolls and scores tasks, one attempt each, in batches that fit the device; nothing is trained.
 *
 * @param probe  measures what the pictures of each batch's tools were worth; absent where that is not asked
 * @throws Error as rollAndScore does
 */
export async function evaluate(
  parts: RollingParts,
  tasks: readonly Task[],
  greedy: boolean,
  probe?: (rolled: Rolled, tasks: readonly Task[]) => Promise<ZoomWorth[]>,
): Promise<Evaluated> {
  const before = countsNow(parts.judge.counts);
  const rollouts: Rollout[][] = [];
  const worths: ZoomWorth[] = [];
  for await (const batch of rollBatches(parts, tasks, { rolloutsPerTask: 1, greedy })) {
    rollouts.push(...batch.rolled.rollouts);
    if (probe) worths.push(...(await probe(batch.rolled, batch.tasks)));
  }
  const { judge } = parts;
  const metrics = {
    ...stepMetrics(tasks, rollouts, parts.tools),
    ...(judge.name === "rules" ? {} : judgeMetrics(judge.counts, before)),
  };
  return { metrics, ...(probe && { causal: summarizeWorths(worths, rollouts.flat().length) }) };
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
  options: RollingOptions,
): AsyncGenerator<{ task: Task; rollouts: Rollout[] }> {
  for await (const { tasks: batch, rolled } of rollBatches(parts, tasks, options))
    for (const [i, task] of batch.entries()) yield { task, rollouts: rolled.rollouts[i]! };
}

async function* rollBatches(
  parts: RollingParts,
  tasks: readonly Task[],
  { rolloutsPerTask, greedy, step = evaluationStep }: RollingOptions,
): AsyncGenerator<{ tasks: readonly Task[]; rolled: Rolled }> {
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
    yield { tasks: batch, rolled: next.value };
  }
}
