import { type Rolled, type RollSettings, roll } from "../agent/loop.ts";
import type { OpenedTasks } from "../agent/opened_tasks.ts";
import { orAborted } from "../agent/or_aborted.ts";
import { responseText } from "../agent/response_text.ts";
import type { GroupEnded, RollEvent } from "../agent/rollout.ts";
import type { Pixels } from "../image/pixels.ts";
import { JudgeUnusable } from "../reward/judges/judge_unusable.ts";
import { noteLegible } from "../reward/reading/crop_reader.ts";
import { scoreRollouts } from "../reward/rewards/score_rollouts.ts";
import type { Task } from "../tasks/task.ts";
import { elapsing, onHost } from "../timeline.ts";
import { hasVariance } from "./advantage.ts";
import type { TrainEvent } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import type { RollingParts } from "./run_parts.ts";

/** Times that groups without variance are replaced in a step before it continues with what it has. */
const mostResamplings = 4;

/** Steps that no run reaches: tasks that replace others are not those of the run's own steps. */
const replacementStep = 2 ** 28;

/** Tasks with their pictures, by the tasks' ids. */
export interface TakenTasks {
  tasks: Task[];
  pictures: Map<string, Pixels[]>;
}

/** The tasks of a step. */
export async function takeTasks(
  { source, config }: Pick<RollingParts, "source" | "config">,
  step: number,
  count = config().tasksPerStep,
): Promise<TakenTasks> {
  const tasks = await elapsing("tasks", source.take(step, count));
  const pictures = Promise.all(tasks.map(async (task) => [task.id, await source.pictures(task)] as const));
  return { tasks, pictures: new Map(await elapsing("pictures", pictures)) };
}

/** The rollouts of a step, and their tasks. */
export interface RolledTasks extends Rolled {
  tasks: Task[];
}

/** Tasks of a step that are rolled at the same time. */
export const togetherOf = ({ tasksPerRoll }: RunConfig, tasks: readonly Task[]): number =>
  tasksPerRoll > 0 ? tasksPerRoll : Math.max(1, tasks.length);

/** What the tasks of a step are rolled with. */
export const rollSettings = (
  { config, view, tools, signal }: Pick<RollingParts, "config" | "view" | "tools" | "signal">,
  settings: Pick<RollSettings, "step" | "greedy"> & Partial<Pick<RollSettings, "firstTask" | "rolloutsPerTask">>,
): RollSettings => ({ ...config(), ...view, ...settings, tools, ...(signal ? { signal } : {}) });

/**
 * All rollouts of a step, scored; groups without variance are replaced where the run wants that.
 * @param opened  the first tasks, where their prompts are in the model already
 * @throws as rollAndScore
 */
export async function* rollGroups(
  parts: RollingParts,
  step: number,
  { taken: first, opened }: { taken: TakenTasks; opened?: OpenedTasks },
): AsyncGenerator<TrainEvent, RolledTasks> {
  const { tasksPerStep, rolloutsPerTask, zeroVariance } = parts.config();
  let taken = first;
  const all: RolledTasks = { tasks: [], rollouts: [], promptImages: [], toolImages: [] };
  for (let round = 0; ; round++) {
    const { tasks, pictures } = taken;
    const rolled = yield* rollAndScore(parts, tasks, async (task) => pictures.get(task.id)!, {
      step,
      firstTask: all.tasks.length,
      rolloutsPerTask,
      greedy: false,
      ...(round === 0 && opened ? { opened } : {}),
    });
    all.tasks.push(...tasks);
    append(all, rolled);
    const missing = tasksPerStep - all.rollouts.filter(hasVariance).length;
    if (zeroVariance !== "resample" || missing <= 0 || round === mostResamplings) return all;
    taken = await takeTasks(parts, replacementStep + step * mostResamplings + round, missing);
    yield { type: "tasks", step: step + 1, tasks: taken.tasks, more: true };
  }
}

/** Puts the rollouts of further tasks behind those of others. */
function append(all: Rolled, more: Rolled): void {
  all.rollouts.push(...more.rollouts);
  all.promptImages.push(...more.promptImages);
  all.toolImages.push(...more.toolImages);
}

/**
 * Rolls tasks, as many at a time as the run wants, and scores their rollouts. A group is judged as soon as its last
 * rollout has ended, while others are still sampled: a remote judge is slow.
 * @throws the signal's reason where that stops it, and JudgeUnusable
 */
export async function* rollAndScore(
  parts: RollingParts,
  tasks: readonly Task[],
  pictures: (task: Task) => Promise<Pixels[]>,
  {
    opened,
    ...settings
  }: Pick<RollSettings, "step" | "rolloutsPerTask" | "greedy"> & { firstTask?: number; opened?: OpenedTasks },
): AsyncGenerator<RollEvent, Rolled> {
  const { policy, chat, tokenizer, config, judge, reward: given, reader, signal } = parts;
  const { reward, judgeFailure } = config();
  const stop = new AbortController();
  const end = () => stop.abort();
  signal?.addEventListener("abort", end);
  const throwIfStopped = (): void => {
    signal?.throwIfAborted();
    if (judge.counts.unusable) throw new JudgeUnusable(judge.counts.unusable);
  };
  const judging: Promise<void>[] = [];
  const judgeGroup = ({ rollouts, toolImages }: GroupEnded, task: Task): void => {
    for (const rollout of rollouts) rollout.response = responseText(tokenizer, rollout);
    const one = onHost("scoring", async () => {
      if (reader) await orAborted(noteLegible(rollouts, task, toolImages, reader), stop.signal);
      await scoreRollouts(rollouts, task, judge, {
        reward: given ?? reward,
        weights: config(),
        failure: judgeFailure,
        decode: (tokens) => tokenizer.decode(tokens),
        signal: stop.signal,
      });
    });
    // Thrown by the wait for all of them.
    one.catch(() => {});
    judging.push(one);
    // A judge that refuses all questions ends the wait for the others.
    one.then(() => judge.counts.unusable && end()).catch(() => {});
  };
  const all: Rolled = { rollouts: [], promptImages: [], toolImages: [] };
  const together = togetherOf(config(), tasks);
  try {
    for (let first = 0; first < tasks.length; first += together) {
      const part = tasks.slice(first, first + together);
      const firstTask = (settings.firstTask ?? 0) + first;
      const rolling = roll(
        { policy, chat, tokenizer, pictures },
        part,
        rollSettings(parts, { ...settings, firstTask }),
        first === 0 ? opened : undefined,
      );
      try {
        let next = await rolling.next();
        for (; !next.done; next = await rolling.next()) {
          throwIfStopped();
          if (next.value.type === "ended") judgeGroup(next.value, part[next.value.taskIndex]!);
          else yield next.value;
        }
        append(all, next.value);
      } finally {
        // Does nothing after the last turn.
        await rolling.return(undefined as never);
      }
    }
    await elapsing("judging", Promise.all(judging));
    throwIfStopped();
    return all;
  } finally {
    // Does nothing once all is judged; where the run stops early, nothing waits for verdicts any more.
    stop.abort();
    signal?.removeEventListener("abort", end);
  }
}
