import type { Rolled } from "../agent/loop.ts";
import type { Pixels } from "../image/pixels.ts";
import { JudgeUnusable } from "../reward/connection/failure.ts";
import { countsNow, judgeAlarms, judgeMetrics } from "../reward/judges/metrics.ts";
import type { Task } from "../tasks/task.ts";
import { advantages, hasVariance } from "./advantage.ts";
import { Alarms } from "./alarms.ts";
import type { Metrics, TrainEvent } from "./events.ts";
import { chargeKl } from "./kl_reward.ts";
import { stepMetrics } from "./metrics.ts";
import { append, evaluate, type Parts, rollAndJudge } from "./rolling.ts";

/** Times that groups without variance are replaced in a step before it goes on with what it has. */
const mostResamplings = 4;

/**
 * One run of GRPO from `firstStep` on, told as events. Whoever pulls is the clock: a page's button, a script's loop, a
 * test. Ends as failed, with its weights whole, where the judge refuses all questions.
 * @param before  metrics of the steps that were made before
 */
export async function* train(
  parts: Parts,
  firstStep: number,
  before: readonly Metrics[] = [],
): AsyncGenerator<TrainEvent, void> {
  let made = firstStep;
  try {
    for await (const event of trainSteps(parts, firstStep, before)) {
      if (event.type === "update") made = event.step;
      yield event;
    }
  } catch (error) {
    if (parts.signal?.aborted && error === parts.signal.reason) return;
    if (!(error instanceof JudgeUnusable)) throw error;
    yield { type: "end", step: made, reason: "failed", message: error.message };
  }
}

async function* trainSteps(
  parts: Parts,
  firstStep: number,
  before: readonly Metrics[],
): AsyncGenerator<TrainEvent, void> {
  const { source, judge } = parts;
  const alarms = new Alarms();
  // What sounded before the run was interrupted sounds no second time.
  for (const metrics of before) alarms.after(metrics);
  /** Alarms about the judge, each of which sounds once. */
  const told = new Set<string>();
  let upcoming = await prepareTasks(parts, firstStep);
  for (let step = firstStep; step < parts.config().steps; step++) {
    // All of a step with the knobs of its beginning: what was drawn at one temperature is not trained at another.
    const config = parts.config();
    const stepParts = { ...parts, config: () => config };
    const startedMs = performance.now();
    const judgedBefore = countsNow(judge.counts);
    yield { type: "tasks", step, tasks: upcoming.tasks };
    const made = yield* rollStep(stepParts, step, upcoming);
    const rolledMs = performance.now();
    const klMetrics =
      config.klRewardCoef > 0 ? chargeKl(made.rollouts, await parts.klSums(made, config), config.klRewardCoef) : {};
    for (const [taskIndex, rollouts] of made.rollouts.entries()) {
      advantages(
        rollouts.map((r) => r.reward?.total ?? null),
        config,
      ).forEach((advantage, i) => {
        rollouts[i]!.advantage = advantage;
      });
      yield { type: "group", step, taskIndex, rollouts };
    }

    const updating = parts.update(made, step, config);
    // The next scenes are drawn while the GPU works. A failing update is told below, not as unhandled here.
    updating.catch(() => {});
    upcoming = await prepareTasks(parts, step + 1);
    const updated = await updating;
    const metrics = {
      ...stepMetrics(made.tasks, made.rollouts, parts.tools),
      ...klMetrics,
      ...updated,
      ...(judge.name === "rules" ? {} : judgeMetrics(judge.counts, judgedBefore)),
      ...source.counts?.(),
    };
    const endedMs = performance.now();
    yield {
      type: "update",
      step: step + 1,
      metrics,
      durationMs: endedMs - startedMs,
      rollMs: rolledMs - startedMs,
      updateMs: endedMs - rolledMs,
      ...(parts.peakMemoryBytes && { peakMemoryBytes: parts.peakMemoryBytes() }),
    };
    for (const message of alarms.after(metrics)) yield { type: "alarm", step: step + 1, message };
    for (const { name, message } of judgeAlarms(judge.counts, judgedBefore))
      if (!told.has(name)) {
        told.add(name);
        yield { type: "alarm", step: step + 1, message };
      }
    if (config.evalEvery > 0 && (step + 1) % config.evalEvery === 0)
      for (const greedy of [false, true]) {
        const tasks = await source.heldOut(config.evalTasks);
        if (tasks.length === 0) {
          // Once, and so that a run that was interrupted says it neither twice nor never.
          if (step + 1 === config.evalEvery)
            yield {
              type: "alarm",
              step: step + 1,
              message: `No evaluation: nothing is held out of the training that could be asked${notes(source)}; begin a run with --held-out-rows above 0, or set --eval-every to 0`,
            };
          break;
        }
        const evaluationMs = performance.now();
        const metrics = await evaluate(parts, tasks, greedy);
        yield {
          type: "eval",
          step: step + 1,
          tasks: tasks.length,
          greedy,
          metrics,
          durationMs: performance.now() - evaluationMs,
        };
      }
  }
  yield { type: "end", step: parts.config().steps, reason: "done" };
}

const notes = (source: Parts["source"]): string => {
  const sentences = source.heldOutNotes?.() ?? [];
  return sentences.length > 0 ? ` (${sentences.join("; ")})` : "";
};

interface Prepared {
  tasks: Task[];
  pictures: Map<string, Pixels[]>;
}

/** The tasks of a step; `extra` counts what was taken for it before. */
async function prepareTasks({ source, config }: Parts, step: number, count = config().tasksPerStep): Promise<Prepared> {
  const tasks = await source.take(step, count);
  const pictures = await Promise.all(tasks.map(async (task) => [task.id, await source.pictures(task)] as const));
  return { tasks, pictures: new Map(pictures) };
}

/** All rollouts of a step, scored, and their tasks; groups without variance are replaced where the run wants that. */
async function* rollStep(
  parts: Parts,
  step: number,
  first: Prepared,
): AsyncGenerator<TrainEvent, Rolled & { tasks: Task[] }> {
  const { tasksPerStep, rolloutsPerTask, zeroVariance } = parts.config();
  let prepared = first;
  const all: Rolled & { tasks: Task[] } = { tasks: [], rollouts: [], promptImages: [], toolImages: [] };
  for (let round = 0; ; round++) {
    const { tasks, pictures } = prepared;
    const rolled = yield* rollAndJudge(parts, tasks, async (task) => pictures.get(task.id)!, {
      step,
      firstTask: all.tasks.length,
      rolloutsPerTask,
      greedy: false,
    });
    all.tasks.push(...tasks);
    append(all, rolled);
    const missing = tasksPerStep - all.rollouts.filter(hasVariance).length;
    if (zeroVariance !== "resample" || missing <= 0 || round === mostResamplings) return all;
    // Steps that no run reaches: tasks of the run's own steps are not used up.
    prepared = await prepareTasks(parts, 2 ** 28 + step * mostResamplings + round, missing);
    yield { type: "tasks", step, tasks: prepared.tasks, more: true };
  }
}
