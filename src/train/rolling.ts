import { type Rolled, type RollSettings, roll } from "../agent/loop.ts";
import { responseText } from "../agent/response_text.ts";
import type { RollEvent, Rollout } from "../agent/rollout.ts";
import type { Tool } from "../agent/tools/tool.ts";
import type { Pixels } from "../image/pixels.ts";
import type { Chat } from "../policy/chat.ts";
import type { Policy } from "../policy/policy.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import { JudgeUnusable } from "../reward/connection/failure.ts";
import type { AnswerJudge } from "../reward/judges/judge.ts";
import { countsNow, judgeMetrics } from "../reward/judges/metrics.ts";
import type { RewardFunction } from "../reward/rewards/reward_function.ts";
import { scoreRollouts } from "../reward/rewards/score_rollouts.ts";
import type { TaskSource } from "../tasks/sources/task_source.ts";
import type { Task } from "../tasks/task.ts";
import type { Metrics } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import { stepMetrics } from "./metrics.ts";

/** What a run is made of. */
export interface Parts {
  /** Read anew at every step, so that knobs may change while the run goes on. */
  config: () => RunConfig;
  source: TaskSource;
  policy: Policy;
  chat: Chat;
  /** The tools that are offered. */
  tools: readonly Tool[];
  tokenizer: Tokenizer;
  judge: AnswerJudge;
  /** What is paid for; absent: the reward that the knob names. */
  reward?: RewardFunction;
  view: Pick<RollSettings, "frame" | "minSidePx" | "modelInput" | "imageTokens">;
  /** The most of the GPU's memory that was held so far; absent where nothing is held on one. */
  peakMemoryBytes?: () => number;
  /** How far each rollout is from the starting model, (tasks, rolloutsPerTask) nats; asked where the reward is charged for it. */
  klSums: (rolled: Rolled, config: RunConfig) => Promise<number[][]>;
  /** Stops rolling at its next event, and the wait for a judge at once; a run then ends without an "end" event. */
  signal?: AbortSignal;
  /** Changes the weights; `step` counts from 0, `config` is what the step was rolled with. */
  update: (rolled: Rolled, step: number, config: RunConfig) => Promise<Metrics>;
}

/** At most so many rollouts of an evaluation are rolled together. */
const rolloutsPerEvaluation = 128;

/** Steps of evaluations begin here, far from those of runs. */
const evaluationStep = 2 ** 31;

/** Puts the rollouts of further tasks behind those of others. */
export function append(all: Rolled, more: Rolled): void {
  all.rollouts.push(...more.rollouts);
  all.promptImages.push(...more.promptImages);
  all.toolImages.push(...more.toolImages);
}

/**
 * Rolls tasks, as many at a time as the run wants, and scores their rollouts. A group is judged as soon as its last
 * rollout has ended, while others are still sampled: a remote judge is slow.
 * @throws the signal's reason where that stops it, and JudgeUnusable
 */
export async function* rollAndJudge(
  { policy, chat, tools, tokenizer, view, config, judge, reward: given, signal }: Parts,
  tasks: readonly Task[],
  pictures: (task: Task) => Promise<Pixels[]>,
  settings: Pick<RollSettings, "step" | "rolloutsPerTask" | "greedy"> & { firstTask?: number },
): AsyncGenerator<RollEvent, Rolled> {
  const { reward, judgeFailure, tasksPerRoll } = config();
  const stop = new AbortController();
  const end = () => stop.abort();
  signal?.addEventListener("abort", end);
  const goOn = (): void => {
    signal?.throwIfAborted();
    if (judge.counts.unusable) throw new JudgeUnusable(judge.counts.unusable);
  };
  const judging: Promise<void>[] = [];
  const judgeGroup = (rollouts: Rollout[], task: Task): void => {
    for (const rollout of rollouts) rollout.response = responseText(tokenizer, rollout);
    const one = scoreRollouts(rollouts, task, judge, {
      reward: given ?? reward,
      weights: config(),
      failure: judgeFailure,
      decode: (tokens) => tokenizer.decode(tokens),
      signal: stop.signal,
    });
    // Reported by the wait for all of them.
    one.catch(() => {});
    judging.push(one);
    // Nobody waits for the others where none will be answered.
    one.then(() => judge.counts.unusable && end()).catch(() => {});
  };
  const all: Rolled = { rollouts: [], promptImages: [], toolImages: [] };
  const together = tasksPerRoll > 0 ? tasksPerRoll : Math.max(1, tasks.length);
  try {
    for (let first = 0; first < tasks.length; first += together) {
      const part = tasks.slice(first, first + together);
      const firstTask = (settings.firstTask ?? 0) + first;
      const rolling = roll({ policy, chat, tokenizer, pictures }, part, {
        ...config(),
        ...view,
        ...settings,
        tools,
        firstTask,
        ...(signal ? { signal } : {}),
      });
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
 * @throws Error as rollAndJudge does
 */
export async function evaluate(parts: Parts, tasks: readonly Task[], greedy: boolean): Promise<Metrics> {
  const before = countsNow(parts.judge.counts);
  const rollouts: Rollout[][] = [];
  for await (const group of rollTasks(parts, tasks, { rolloutsPerTask: 1, greedy })) rollouts.push(group.rollouts);
  const { judge } = parts;
  return {
    ...stepMetrics(tasks, rollouts, parts.tools),
    ...(judge.name === "rules" ? {} : judgeMetrics(judge.counts, before)),
  };
}

/** How tasks are rolled that nothing is trained on. */
export interface RollingOptions {
  rolloutsPerTask: number;
  greedy: boolean;
  /** Key of the first batch's draws; who rolls batches of its own gives each another. */
  step?: number;
}

/** The same, task by task, with several attempts each. */
export async function* rollTasks(
  parts: Parts,
  tasks: readonly Task[],
  { rolloutsPerTask, greedy, step = evaluationStep }: RollingOptions,
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
    while (!next.done) next = await rolling.next();
    for (const [i, rollouts] of next.value.rollouts.entries()) yield { task: batch[i]!, rollouts };
  }
}
