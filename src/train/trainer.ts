import { type Rolled, type RollSettings, roll } from "../agent/loop.ts";
import type { RollEvent, Rollout } from "../agent/rollout.ts";
import type { Pixels } from "../image/pixels.ts";
import type { Chat } from "../policy/chat.ts";
import type { Policy } from "../policy/policy.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import { score } from "../reward/reward.ts";
import type { Task, TaskSource } from "../tasks/task.ts";
import { advantages } from "./advantage.ts";
import { Alarms } from "./alarms.ts";
import type { Metrics, TrainEvent } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import { stepMetrics } from "./metrics.ts";

/** What a run is made of. */
export interface Parts {
  /** Read anew at every step, so that knobs may change while the run goes on. */
  config: () => RunConfig;
  source: TaskSource;
  policy: Policy;
  chat: Chat;
  tokenizer: Tokenizer;
  view: Pick<RollSettings, "frame" | "minSidePx" | "shown" | "imageTokens">;
  /** Changes the weights; `step` counts from 0, `config` is what the step was rolled with. */
  update: (rolled: Rolled, step: number, config: RunConfig) => Promise<Metrics>;
}

/** At most so many rollouts of an evaluation are rolled together. */
const rolloutsPerEvaluation = 128;

/** One run of GRPO from `firstStep` on, told as events. Whoever pulls is the clock: a page's button, a script's loop, a test. */
export async function* train(parts: Parts, firstStep: number): AsyncGenerator<TrainEvent, void> {
  const { source } = parts;
  const alarms = new Alarms();
  let upcoming = await prepareTasks(parts, firstStep);
  for (let step = firstStep; step < parts.config().steps; step++) {
    const config = parts.config();
    const startedMs = performance.now();
    const { tasks, pictures } = upcoming;
    yield { type: "tasks", step, tasks };

    // All of a step with the knobs of its beginning: what was drawn at one temperature is not trained at another.
    const rolled = yield* rollTasks({ ...parts, config: () => config }, tasks, async (task) => pictures.get(task.id)!, {
      step,
      rolloutsPerTask: config.rolloutsPerTask,
      greedy: false,
    });
    const rolledMs = performance.now();
    for (const [taskIndex, group] of rolled.rollouts.entries()) {
      for (const rollout of group) rollout.reward = score(rollout, tasks[taskIndex]!, config);
      advantages(
        group.map((r) => r.reward?.total ?? null),
        config,
      ).forEach((a, i) => {
        group[i]!.advantage = a;
      });
      yield { type: "group", step, taskIndex, rollouts: group };
    }

    const updating = parts.update(rolled, step, config);
    // The next scenes are drawn while the GPU works. A failing update is told below, not as unhandled here.
    updating.catch(() => {});
    upcoming = await prepareTasks(parts, step + 1);
    const metrics = { ...stepMetrics(tasks, rolled.rollouts), ...(await updating) };
    const endedMs = performance.now();
    yield {
      type: "update",
      step: step + 1,
      metrics,
      durationMs: endedMs - startedMs,
      rollMs: rolledMs - startedMs,
      updateMs: endedMs - rolledMs,
    };
    for (const message of alarms.after(metrics)) yield { type: "alarm", step: step + 1, message };
    if (config.evalEvery > 0 && (step + 1) % config.evalEvery === 0)
      for (const greedy of [false, true]) {
        const tasks = await source.heldOut(config.evalTasks);
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

async function prepareTasks(
  { source, config }: Parts,
  step: number,
): Promise<{ tasks: Task[]; pictures: Map<string, Pixels[]> }> {
  const tasks = await source.take(step, config().tasksPerStep);
  const pictures = await Promise.all(tasks.map(async (task) => [task.id, await source.pictures(task)] as const));
  return { tasks, pictures: new Map(pictures) };
}

function rollTasks(
  { policy, chat, tokenizer, view, config }: Parts,
  tasks: readonly Task[],
  pictures: (task: Task) => Promise<Pixels[]>,
  settings: { step: number; rolloutsPerTask: number; greedy: boolean },
): AsyncGenerator<RollEvent, Rolled> {
  return roll(policy, chat, tokenizer, tasks, pictures, { ...config(), ...view, ...settings });
}

/** Rolls and scores tasks, one attempt each, in batches that fit the device; nothing is trained. */
export async function evaluate(parts: Parts, tasks: readonly Task[], greedy: boolean): Promise<Metrics> {
  const rollouts: Rollout[][] = [];
  for await (const group of rollHeldOut(parts, tasks, 1, greedy)) rollouts.push(group.rollouts);
  return stepMetrics(tasks, rollouts);
}

/** The same, task by task, with several attempts each. */
export async function* rollHeldOut(
  parts: Parts,
  tasks: readonly Task[],
  rolloutsPerTask: number,
  greedy: boolean,
): AsyncGenerator<{ task: Task; rollouts: Rollout[] }> {
  const together = Math.max(1, Math.floor(rolloutsPerEvaluation / rolloutsPerTask));
  for (let first = 0; first < tasks.length; first += together) {
    const batch = tasks.slice(first, first + together);
    // A step of its own for every batch, far from the run's: no draw is used twice.
    const rolling = rollTasks(parts, batch, (task) => parts.source.pictures(task), {
      step: 2 ** 31 + first,
      rolloutsPerTask,
      greedy,
    });
    let next = await rolling.next();
    while (!next.done) next = await rolling.next();
    for (const [i, rollouts] of next.value.rollouts.entries()) {
      for (const rollout of rollouts) rollout.reward = score(rollout, batch[i]!, parts.config());
      yield { task: batch[i]!, rollouts };
    }
  }
}
