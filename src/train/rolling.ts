import { continuedToken, rollContinuations } from "../agent/continuations.ts";
import { type Rolled, type RollSettings, roll } from "../agent/loop.ts";
import type { OpenedTasks } from "../agent/opened_tasks.ts";
import type { GroupEnded, RollEvent } from "../agent/rollout.ts";
import type { Pixels } from "../image/pixels.ts";
import type { Task } from "../tasks/task.ts";
import { elapsing } from "../timeline.ts";
import { hasVariance } from "./advantage.ts";
import type { TrainEvent } from "./events.ts";
import { GroupScoring } from "./group_scoring.ts";
import type { RunConfig } from "./knobs.ts";
import { chooseContinued } from "./resampled_calls.ts";
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
 * All rollouts of a step, scored; groups without variance are replaced where the run wants that, and calls that were all wrong
 * sampled again.
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
  const shown: TakenTasks["pictures"] = new Map();
  for (let round = 0; ; round++) {
    const { tasks, pictures } = taken;
    for (const [id, ofTask] of pictures) shown.set(id, ofTask);
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
    if (zeroVariance !== "resample" || missing <= 0 || round === mostResamplings) break;
    taken = await takeTasks(parts, replacementStep + step * mostResamplings + round, missing);
    yield { type: "tasks", step: step + 1, tasks: taken.tasks, more: true };
  }
  yield* resampleCalls(parts, all, { step, pictures: shown });
  return all;
}

/** Puts the rollouts of further tasks behind those of others. */
function append(all: Rolled, more: Rolled): void {
  all.rollouts.push(...more.rollouts);
  all.promptImages.push(...more.promptImages);
  all.toolImages.push(...more.toolImages);
}

/**
 * Rolls tasks, as many at a time as the run wants, and scores their rollouts.
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
  const all: Rolled = { rollouts: [], promptImages: [], toolImages: [] };
  const together = togetherOf(parts.config(), tasks);
  const scoring = new GroupScoring(parts);
  try {
    for (let first = 0; first < tasks.length; first += together) {
      const part = tasks.slice(first, first + together);
      const firstTask = (settings.firstTask ?? 0) + first;
      const rolling = roll(
        { ...parts, pictures },
        part,
        rollSettings(parts, { ...settings, firstTask }),
        first === 0 ? opened : undefined,
      );
      append(all, yield* scored(rolling, scoring, (index) => part[index]!));
    }
    await scoring.scored();
    return all;
  } finally {
    scoring.close();
  }
}

/** Rolls on, and has each group scored that has ended. @throws as `GroupScoring.throwIfStopped` */
async function* scored<T>(
  rolling: AsyncGenerator<RollEvent | GroupEnded, T>,
  scoring: GroupScoring,
  taskOf: (index: number) => Task,
): AsyncGenerator<RollEvent, T> {
  try {
    for (;;) {
      const next = await rolling.next();
      if (next.done) return next.value;
      scoring.throwIfStopped();
      if (next.value.type === "ended") scoring.take(next.value, taskOf(next.value.taskIndex));
      else yield next.value;
    }
  } finally {
    // Does nothing after the last turn.
    await rolling.return(undefined as never);
  }
}

/**
 * Continues rollouts of a scored step whose calls were all wrong, where the run wants that (AXPO), and scores what came of it. What
 * continues a rollout stands behind the rollouts of its group.
 */
async function* resampleCalls(
  parts: RollingParts,
  all: RolledTasks,
  { step, pictures: shown }: { step: number; pictures: TakenTasks["pictures"] },
): AsyncGenerator<RollEvent, void> {
  const { resampledCalls, rolloutsPerTask } = parts.config();
  if (resampledCalls === 0) return;
  const tags = { opening: parts.chat.toolCallStart, closing: parts.tokenizer.id("</tool_call>") };
  const continued = chooseContinued(all.rollouts, all.tasks, parts.config(), tags);
  // No more at once than there was room for.
  const tasks = togetherOf(parts.config(), all.tasks);
  const together = Math.max(1, Math.min(tasks, Math.floor((tasks * rolloutsPerTask) / resampledCalls)));
  const pictures = (task: Task) => shown.get(task.id)!;
  const scoring = new GroupScoring(parts);
  try {
    for (let first = 0; first < continued.length; first += together) {
      const part = continued.slice(first, first + together);
      const settings = rollSettings(parts, { step, greedy: false, rolloutsPerTask: resampledCalls });
      const rolling = rollContinuations({ ...parts, pictures }, part, settings);
      const made = yield* scored(rolling, scoring, (index) => part[index]!.task);
      for (const [i, one] of part.entries()) {
        const { rollout } = one;
        rollout.continuedAt = continuedToken(one);
        all.rollouts[rollout.taskIndex]!.push(...made[i]!.rollouts);
        all.toolImages[rollout.taskIndex]!.push(...made[i]!.toolImages);
      }
    }
    await scoring.scored();
  } finally {
    scoring.close();
  }
}
