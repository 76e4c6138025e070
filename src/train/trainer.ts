import { type Rolled, type RollSettings, roll } from "../agent/loop.ts";
import { responseText } from "../agent/response_text.ts";
import type { RollEvent, Rollout } from "../agent/rollout.ts";
import type { Pixels } from "../image/pixels.ts";
import type { Chat } from "../policy/chat.ts";
import type { Policy } from "../policy/policy.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import type { AnswerJudge } from "../reward/judge.ts";
import { JudgeUnusable } from "../reward/judge_failure.ts";
import { countsNow, judgeAlarms, judgeMetrics } from "../reward/judge_metrics.ts";
import { judgeRollouts } from "../reward/judge_rollouts.ts";
import type { Task, TaskSource } from "../tasks/task.ts";
import { advantages, hasVariance } from "./advantage.ts";
import { Alarms } from "./alarms.ts";
import type { Metrics, TrainEvent } from "./events.ts";
import { chargeKl } from "./kl_reward.ts";
import type { RunConfig } from "./knobs.ts";
import { stepMetrics } from "./metrics.ts";
import { trlMetrics, verlMetrics } from "./verl_metrics.ts";

/** What a run is made of. */
export interface Parts {
  /** Read anew at every step, so that knobs may change while the run goes on. */
  config: () => RunConfig;
  source: TaskSource;
  policy: Policy;
  chat: Chat;
  tokenizer: Tokenizer;
  judge: AnswerJudge;
  view: Pick<RollSettings, "frame" | "minSidePx" | "shown" | "imageTokens">;
  /** How far each rollout is from the starting model, (tasks, rolloutsPerTask) nats; asked where the reward is charged for it. */
  klSums: (rolled: Rolled, config: RunConfig) => Promise<number[][]>;
  /** Ends what waits for a judge; a run ends then without an "end" event, with the weights of its last update. */
  signal?: AbortSignal;
  /** Changes the weights; `step` counts from 0, `config` is what the step was rolled with. */
  update: (rolled: Rolled, step: number, config: RunConfig) => Promise<Metrics>;
}

/** At most so many rollouts of an evaluation are rolled together. */
const rolloutsPerEvaluation = 128;

/** Steps of evaluations begin here, far from those of runs. */
const evaluationStep = 2 ** 31;

/** Times that groups without variance are replaced in a step before it goes on with what it has. */
const mostResamplings = 4;

/** The signal stopped what was under way. */
class Stopped extends Error {
  constructor() {
    super("Stopped before the judge had answered");
    this.name = "Stopped";
  }
}

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
    if (error instanceof Stopped) return;
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
    // Without times: these are all that two runs of one seed differ in.
    const facts = { rollouts: made.rollouts, updated: { ...klMetrics, ...updated }, limits: config };
    const ours = {
      ...stepMetrics(made.tasks, made.rollouts),
      ...klMetrics,
      ...updated,
      ...(judge.name === "rules" ? {} : judgeMetrics(judge.counts, judgedBefore)),
      ...source.counts?.(),
    };
    const metrics = { ...verlMetrics(facts), ...trlMetrics(facts), ...ours };
    const endedMs = performance.now();
    yield {
      type: "update",
      step: step + 1,
      metrics,
      durationMs: endedMs - startedMs,
      rollMs: rolledMs - startedMs,
      updateMs: endedMs - rolledMs,
    };
    for (const message of alarms.after(ours)) yield { type: "alarm", step: step + 1, message };
    for (const { name, message } of judgeAlarms(judge.counts, judgedBefore))
      if (!told.has(name)) {
        told.add(name);
        yield { type: "alarm", step: step + 1, message };
      }
    if (config.evalEvery > 0 && (step + 1) % config.evalEvery === 0)
      for (const greedy of [false, true]) {
        const tasks = await source.heldOut(config.evalTasks);
        if (tasks.length === 0) break;
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
  const all: Rolled & { tasks: Task[] } = { tasks: [], rollouts: [], promptShown: [], shown: [] };
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

function append(all: Rolled, more: Rolled): void {
  all.rollouts.push(...more.rollouts);
  all.promptShown.push(...more.promptShown);
  all.shown.push(...more.shown);
}

/**
 * Rolls tasks, as many at a time as the run wants, and scores their rollouts. A group is judged as soon as its last
 * rollout has ended, while others still speak: a remote judge is slow.
 */
async function* rollAndJudge(
  { policy, chat, tokenizer, view, config, judge, signal }: Parts,
  tasks: readonly Task[],
  pictures: (task: Task) => Promise<Pixels[]>,
  settings: Pick<RollSettings, "step" | "rolloutsPerTask" | "greedy"> & { firstTask?: number },
): AsyncGenerator<RollEvent, Rolled> {
  const { reward, judgeFailure, tasksPerRoll } = config();
  const stop = new AbortController();
  const end = () => stop.abort();
  signal?.addEventListener("abort", end);
  /** @throws Stopped, JudgeUnusable */
  const goOn = (): void => {
    if (signal?.aborted) throw new Stopped();
    if (judge.counts.unusable) throw new JudgeUnusable(judge.counts.unusable);
  };
  const judging: Promise<void>[] = [];
  const judgeGroup = (rollouts: Rollout[], task: Task): void => {
    for (const rollout of rollouts) rollout.response = responseText(tokenizer, rollout);
    const one = judgeRollouts(rollouts, task, judge, {
      reward,
      weights: config(),
      failure: judgeFailure,
      signal: stop.signal,
    });
    // Told by the wait for all of them.
    one.catch(() => {});
    judging.push(one);
    // Nobody waits for the others where none will be answered.
    one.then(() => judge.counts.unusable && end()).catch(() => {});
  };
  const all: Rolled = { rollouts: [], promptShown: [], shown: [] };
  const together = tasksPerRoll > 0 ? tasksPerRoll : Math.max(1, tasks.length);
  try {
    for (let first = 0; first < tasks.length; first += together) {
      const part = tasks.slice(first, first + together);
      const firstTask = (settings.firstTask ?? 0) + first;
      const rolling = roll(policy, chat, tokenizer, part, pictures, { ...config(), ...view, ...settings, firstTask });
      try {
        let next = await rolling.next();
        for (; !next.done; next = await rolling.next()) {
          goOn();
          if (next.value.type === "ended") judgeGroup(next.value.rollouts, part[next.value.taskIndex]!);
          else yield next.value;
        }
        append(all, next.value);
      } finally {
        // Does nothing after the last turn.
        await rolling.return(undefined as never);
      }
    }
    await Promise.all(judging);
    goOn();
    return all;
  } finally {
    // Does nothing once all is judged; where the run stops early, nobody waits for verdicts any more.
    stop.abort();
    signal?.removeEventListener("abort", end);
  }
}

/**
 * Rolls and scores tasks, one attempt each, in batches that fit the device; nothing is trained.
 * @throws the signal's reason where that stops it
 */
export async function evaluate(
  parts: Parts,
  tasks: readonly Task[],
  greedy: boolean,
  signal?: AbortSignal,
): Promise<Metrics> {
  const before = countsNow(parts.judge.counts);
  const rollouts: Rollout[][] = [];
  for await (const group of rollTasks(parts, tasks, { rolloutsPerTask: 1, greedy, signal }))
    rollouts.push(group.rollouts);
  const { judge } = parts;
  return { ...stepMetrics(tasks, rollouts), ...(judge.name === "rules" ? {} : judgeMetrics(judge.counts, before)) };
}

/** How tasks are rolled that nothing is trained on. */
export interface RollingOptions {
  rolloutsPerTask: number;
  greedy: boolean;
  /** Key of the first batch's draws; who rolls batches of its own gives each another. */
  step?: number;
  /** Stops rolling at its next event. */
  signal?: AbortSignal;
}

/** The same, task by task, with several attempts each. */
export async function* rollTasks(
  parts: Parts,
  tasks: readonly Task[],
  { rolloutsPerTask, greedy, step = evaluationStep, signal }: RollingOptions,
): AsyncGenerator<{ task: Task; rollouts: Rollout[] }> {
  const together = Math.max(1, Math.floor(rolloutsPerEvaluation / rolloutsPerTask));
  for (let first = 0; first < tasks.length; first += together) {
    const batch = tasks.slice(first, first + together);
    // A step of its own for every batch, far from the run's: no draw is used twice.
    const rolling = rollAndJudge(parts, batch, (task) => parts.source.pictures(task), {
      step: step + first,
      rolloutsPerTask,
      greedy,
    });
    let next = await rolling.next();
    while (!next.done) {
      if (signal?.aborted) await rolling.return(undefined as never);
      signal?.throwIfAborted();
      next = await rolling.next();
    }
    for (const [i, rollouts] of next.value.rollouts.entries()) yield { task: batch[i]!, rollouts };
  }
}
