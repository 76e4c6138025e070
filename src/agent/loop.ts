import type { Pixels } from "../image/pixels.ts";
import type { Chat } from "../policy/chat.ts";
import type { Conversations, Policy, Turn } from "../policy/policy.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import type { Task } from "../tasks/task.ts";
import type { EnvironmentSettings } from "./environments/environment.ts";
import { openEnvironment } from "./environments/open_environment.ts";
import { GrowingRollout, type Opening } from "./growing_rollout.ts";
import type { GroupEnded, RollEvent, Rollout } from "./rollout.ts";
import { capacityAfter, longestText, suppressed, type TokenLimits } from "./token_limits.ts";
import { type OfferSettings, offersTools } from "./tools/table.ts";

/** Who writes, and about what. */
export interface RollParts {
  policy: Policy;
  chat: Chat;
  tokenizer: Tokenizer;
  /** The pictures of a task, in their own pixels. */
  pictures: (task: Task) => Pixels[] | Promise<Pixels[]>;
}

/** What rolling needs to know of a run; a run's configuration with these few additions fits. */
export interface RollSettings extends EnvironmentSettings, TokenLimits, OfferSettings {
  seed: number;
  /** Step of the run: part of each rollout's id and of the key of each sample. */
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
 * Rolls all tasks of a step at once, each `rolloutsPerTask` times: all rollouts write a turn, the environment answers
 * those that called a tool, these write on, until none is left. The rollouts are not scored.
 * Nothing that a model writes throws, and a tool that fails ends its rollout alone; a failing policy or picture throws.
 * Stopping early gives the policy's cache back.
 */
export async function* roll(
  parts: RollParts,
  tasks: readonly Task[],
  settings: RollSettings,
): AsyncGenerator<RollEvent | GroupEnded, Rolled> {
  const { policy, chat, tokenizer } = parts;
  const { step, rolloutsPerTask, firstTask = 0 } = settings;
  const openings = await Promise.all(tasks.map((task) => open(task, parts, settings)));
  const sizes = openings.flatMap(({ views }) => views.map((view) => settings.imageTokens(view.modelInput)));
  const pictureTokens = chat.observation("", [Math.max(0, ...sizes)]).length;
  const capacity = capacityAfter(pictureTokens, settings, longestText(settings.tools));
  const environment = openEnvironment(settings);
  const groups = openings.map((opening, task) =>
    Array.from({ length: rolloutsPerTask }, (_, rollout) => {
      const place = { step, taskIndex: firstTask + task, rolloutIndex: rollout };
      return new GrowingRollout(opening, place, task * rolloutsPerTask + rollout);
    }),
  );
  const all = groups.flat();

  const conversations = await policy.begin(
    openings.map(({ passage }) => passage),
    rolloutsPerTask,
    capacity.responseTokens,
    {
      seed: settings.seed,
      step,
      firstTask,
      temperature: settings.greedy ? 0 : settings.temperature,
      suppressed: suppressed(chat, settings),
      stops: chat.stops,
    },
  );
  try {
    let writing = all;
    let tokens = 0;
    for (let turn = 1; writing.length > 0; turn++) {
      const turnTokens = turn === 1 ? settings.firstTurnTokens : settings.nextTurnTokens;
      const limitOf = (one: GrowingRollout) => Math.min(turnTokens, capacity.responseTokens - one.tokens);
      const written = yield* writeTurns(conversations, writing, limitOf, { step, turn, tokens });
      for (const one of written) expectNumbers(one.turn, turn, one.rollout);
      const answered = await Promise.all(
        written.map(async ({ rollout, turn }) => ({
          rollout,
          answer: await rollout.take(turn, { environment, tokenizer, chat, settings, capacity }),
        })),
      );
      for (const one of written) tokens += one.turn.tokens.length;
      const over = new Set(answered.filter(({ answer }) => !answer).map(({ rollout }) => rollout));
      for (const one of over) yield { type: "rolled", step, rollout: one.rollout.id, end: one.rollout.end };
      for (const [taskIndex, group] of groups.entries())
        if (group.some((one) => over.has(one)) && group.every((one) => one.isOver))
          yield { type: "ended", taskIndex, rollouts: group.map(({ rollout }) => rollout) };
      const called = answered.flatMap(({ rollout, answer }) => (answer ? [{ rollout, answer }] : []));
      writing = called.map(({ rollout }) => rollout);
      if (writing.length > 0)
        await conversations.append(
          writing.map(({ row }) => row),
          called.map(({ answer }) => answer),
        );
    }
  } finally {
    conversations.close();
    // Those that ended with an error, and all where rolling stops early: a tool that never ends must not keep it.
    await atMost(longestClosingMs, Promise.allSettled(all.map((rollout) => rollout.close())));
  }

  return {
    rollouts: groups.map((group) => group.map(({ rollout }) => rollout)),
    promptImages: openings.map(({ passage }) => passage.images),
    toolImages: groups.map((group) => group.map((rollout) => rollout.toolImages)),
  };
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

/** A task with its pictures and its prompt. */
async function open(task: Task, { chat, pictures }: RollParts, settings: RollSettings): Promise<Opening> {
  const originals = await pictures(task);
  const views = await Promise.all(
    originals.map(async (original) => ({ original, modelInput: await settings.modelInput(original) })),
  );
  const images = views.map((view) => view.modelInput);
  const { question, messages } = task;
  const tokens = chat.prompt(
    { question, messages, tools: offersTools(task, settings) },
    images.map(settings.imageTokens),
  );
  return { task, views, passage: { tokens, images } };
}

/** Writes one turn of each rollout, reporting progress on the way. */
async function* writeTurns(
  conversations: Conversations,
  rollouts: readonly GrowingRollout[],
  limitOf: (rollout: GrowingRollout) => number,
  at: { step: number; turn: number; tokens: number },
): AsyncGenerator<RollEvent, { rollout: GrowingRollout; turn: Turn }[]> {
  const turns = new Map<GrowingRollout, Turn>();
  // Nearly always one limit for all; only who is close to the end of its response has less.
  for (const limit of new Set(rollouts.map(limitOf))) {
    const alike = rollouts.filter((rollout) => limitOf(rollout) === limit);
    const rows = alike.map(({ row }) => row);
    for (const [i, turn] of (yield* write(conversations, rows, limit, at)).entries()) {
      const rollout = alike[i];
      if (rollout) turns.set(rollout, turn);
    }
  }
  return rollouts.flatMap((rollout) => {
    const turn = turns.get(rollout);
    return turn ? [{ rollout, turn }] : [];
  });
}

async function* write(
  conversations: Conversations,
  rows: readonly number[],
  maxTokens: number,
  at: { step: number; turn: number; tokens: number },
): AsyncGenerator<RollEvent, Turn[]> {
  const writing = conversations.write(rows, maxTokens);
  try {
    for (;;) {
      const next = await writing.next();
      if (next.done) return next.value;
      yield { type: "decode", ...at, tokens: at.tokens + next.value.tokens, waiting: next.value.waiting };
    }
  } finally {
    // Does nothing after the last turn; where the caller stopped early it lets the policy stop too.
    await writing.return([]);
  }
}

/** @throws Error where what a model computes are not numbers: the tokens sampled from them mean nothing. */
function expectNumbers({ logprobs, entropies }: Turn, turn: number, { rollout }: GrowingRollout): void {
  const bad = logprobs.findIndex((logprob, i) => !Number.isFinite(logprob) || !Number.isFinite(entropies[i]));
  if (bad < 0) return;
  throw new Error(
    `Expected log-probabilities that are numbers, found ${logprobs[bad]} (entropy ${entropies[bad]}) at token ${bad + 1} of turn ${turn} of ${rollout.task}: weights of the model are not numbers, or too large for f32; load the model anew, or go on from a checkpoint before`,
  );
}
