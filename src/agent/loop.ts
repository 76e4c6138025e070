import type { Pixels } from "../image/pixels.ts";
import type { Chat } from "../policy/chat.ts";
import type { Policy } from "../policy/policy.ts";
import type { Vocabulary } from "../policy/vocabulary.ts";
import type { Task } from "../tasks/task.ts";
import type { EnvironmentSettings } from "./environments/environment.ts";
import { openEnvironment } from "./environments/open_environment.ts";
import { GrowingRollout } from "./growing_rollout.ts";
import { type OpenedTasks, openTasks } from "./opened_tasks.ts";
import type { GroupEnded, RollEvent, Rollout } from "./rollout.ts";
import { sideBySide } from "./side_by_side.ts";
import type { TokenLimits } from "./token_limits.ts";
import type { OfferSettings } from "./tools/table.ts";
import { type GrowingGroup, rollTurns, type Written } from "./turns.ts";

/** Who writes, and about what. */
export interface RollParts {
  policy: Policy;
  chat: Chat;
  tokenizer: Vocabulary;
  /** The pictures of a task, in their own pixels. */
  pictures: (task: Task) => Pixels[] | Promise<Pixels[]>;
}

/** What rolling needs to know of a run; a run's configuration with these few additions fits. */
export interface RollSettings extends EnvironmentSettings, TokenLimits, OfferSettings {
  seed: number;
  /** Steps made before: part of the key of each sample. Rollouts and events name the step that follows, counted from 1. */
  step: number;
  /** Index of the first task in the step, where its tasks are rolled in several chunks; 0 by default. */
  firstTask?: number;
  rolloutsPerTask: number;
  temperature: number;
  /** Takes the most likely token each time, whatever the temperature. */
  greedy: boolean;
  /** Resizes a picture to what the model gets; many may be asked for at once. */
  modelInput: (pixels: Pixels) => Pixels | Promise<Pixels>;
  /** Number of image tokens of a model input. */
  imageTokens: (modelInput: Pixels) => number;
  /** Parts that write side by side, 1 by default; no bit depends on it. */
  lanes?: number;
}

/** How long tools may take to give back what they keep once rolling has ended. */
const longestClosingMs = 2000;

/** The rollouts of a step, and the pictures that stand in them: what scoring and an update need. */
export interface Rolled {
  /** (tasks, rolloutsPerTask) */
  rollouts: Rollout[][];
  /** The model inputs of each task's prompt; shared by the rollouts of the task. */
  promptImages: Pixels[][];
  /** The model inputs of the pictures that tools gave in each rollout, in order: `toolImages[task][rollout][i]` is picture `promptImages[task].length + i` of the rollout. */
  toolImages: Pixels[][][];
}

/**
 * Rolls all tasks of a step, each `rolloutsPerTask` times: all rollouts write a turn, the environment answers those that
 * called a tool, these write on, until none is left. With two lanes half of the tasks write while the other half's calls
 * are carried out. The rollouts are not scored.
 * Nothing that a model writes throws, and a tool that fails ends its rollout alone; a failing policy or picture throws.
 * Stopping early gives the policy's cache back.
 * @param opened  the tasks, where their prompts are in the model already
 */
export async function* roll(
  parts: RollParts,
  tasks: readonly Task[],
  settings: RollSettings,
  opened?: OpenedTasks,
): AsyncGenerator<RollEvent | GroupEnded, Rolled> {
  const { step, rolloutsPerTask, firstTask = 0 } = settings;
  const begun = opened ?? (await openTasks(parts, tasks, settings));
  const groups = begun.openings.map((opening, task): GrowingGroup => {
    const taskIndex = firstTask + task;
    const rollouts = Array.from({ length: rolloutsPerTask }, (_, rollout) => {
      const place = { step: step + 1, taskIndex, rolloutIndex: rollout };
      return new GrowingRollout(opening, place, task * rolloutsPerTask + rollout);
    });
    return { task, rollouts };
  });
  yield* growGroups(parts, groups, begun, settings);
  return {
    rollouts: groups.map(({ rollouts }) => rollouts.map(({ rollout }) => rollout)),
    promptImages: begun.openings.map(({ passage }) => passage.images),
    toolImages: groups.map(({ rollouts }) => rollouts.map((rollout) => rollout.toolImages)),
  };
}

/** Lets the rollouts of some groups grow to their ends, and gives the policy's cache back. @param again  they continue others */
export async function* growGroups(
  { chat, tokenizer }: RollParts,
  groups: readonly GrowingGroup[],
  { capacity, conversations }: OpenedTasks,
  settings: RollSettings & { again?: true },
): AsyncGenerator<RollEvent | GroupEnded, void> {
  const environment = openEnvironment(settings);
  try {
    const turnParts = { conversations, environment, tokenizer, chat, settings, capacity };
    const lanes = inLanes(groups, settings.lanes ?? 1);
    const far = lanes.map((): Omit<Written, "type"> => ({ turn: 1, tokens: 0, waiting: 0, done: 0 }));
    const rolling = lanes.map((lane, i) =>
      reported(rollTurns(lane, turnParts), (written) => {
        far[i] = written;
        const sum = (field: "tokens" | "waiting" | "done") => far.reduce((n, one) => n + one[field], 0);
        const { turn } = written;
        return {
          type: "decode",
          step: settings.step + 1,
          turn,
          tokens: sum("tokens"),
          waiting: sum("waiting"),
          done: sum("done"),
          ...(settings.again && { again: true as const }),
        };
      }),
    );
    yield* sideBySide(rolling);
  } finally {
    conversations.close();
    // Those that ended with an error, and all where rolling stops early: a tool that never ends must not keep it.
    const all = groups.flatMap(({ rollouts }) => rollouts);
    await atMost(longestClosingMs, Promise.allSettled(all.map((rollout) => rollout.close())));
  }
}

/** Groups in so many parts of about the same size; fewer where there are fewer groups. */
function inLanes(groups: readonly GrowingGroup[], lanes: number): GrowingGroup[][] {
  const each = Math.ceil(groups.length / lanes);
  const starts = Array.from({ length: Math.ceil(groups.length / Math.max(1, each)) }, (_, i) => i * each);
  return starts.map((start) => groups.slice(start, start + each));
}

/** The same with progress as an event. */
async function* reported(
  turns: AsyncGenerator<Written | GroupEnded, void>,
  event: (written: Written) => RollEvent,
): AsyncGenerator<RollEvent | GroupEnded, void> {
  for await (const one of turns) yield one.type === "written" ? event(one) : one;
}

/** Waits for something, but no longer than that. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, enough]);
  clearTimeout(timer);
}
