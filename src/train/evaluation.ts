import type { Rolled } from "../agent/loop.ts";
import type { Rollout } from "../agent/rollout.ts";
import { countsNow, judgeMetrics } from "../reward/judges/metrics.ts";
import type { Task } from "../tasks/task.ts";
import { type CausalSummary, summarizeWorths } from "./causal_summary.ts";
import type { Metrics } from "./events.ts";
import { stepMetrics } from "./metrics.ts";
import { rollAndScore } from "./rolling.ts";
import type { CausalProbes, RollingParts } from "./run_parts.ts";
import type { Sight } from "./sight.ts";
import type { ZoomWorth } from "./zoom_worth.ts";

/** Most rollouts of an evaluation that are sampled together. */
const rolloutsPerEvaluation = 128;

/** Tasks of an evaluation in which it is looked whether the learner sees: that is no matter of chance. */
const tasksSeen = 32;

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
 * @param probes  measures what the pictures of each batch's tools were worth, and in the first whether they are seen; absent
 *   where that is not asked
 * @throws Error as rollAndScore does
 */
export async function evaluate(
  parts: RollingParts,
  tasks: readonly Task[],
  greedy: boolean,
  probes?: CausalProbes,
): Promise<Evaluated> {
  const before = countsNow(parts.judge.counts);
  const rollouts: Rollout[][] = [];
  const worths: ZoomWorth[] = [];
  let sight: Sight | null | undefined;
  for await (const batch of rollBatches(parts, tasks, { rolloutsPerTask: 1, greedy })) {
    rollouts.push(...batch.rolled.rollouts);
    if (!probes) continue;
    worths.push(...(await probes.worths(batch.rolled, batch.tasks)));
    if (sight === undefined) sight = await probes.sight(firstTasks(batch.rolled, tasksSeen));
  }
  const { judge } = parts;
  const metrics = {
    ...stepMetrics(tasks, rollouts, parts.tools),
    ...(judge.name === "rules" ? {} : judgeMetrics(judge.counts, before)),
  };
  const causal = () => ({ ...summarizeWorths(worths, rollouts.flat().length), ...(sight && { sight }) });
  return { metrics, ...(probes && { causal: causal() }) };
}

const firstTasks = ({ rollouts, promptImages, toolImages }: Rolled, count: number): Rolled => ({
  rollouts: rollouts.slice(0, count),
  promptImages: promptImages.slice(0, count),
  toolImages: toolImages.slice(0, count),
});

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
