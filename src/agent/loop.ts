import type { Pixels } from "../image/pixels.ts";
import type { Chat } from "../policy/chat.ts";
import type { Conversations, Passage, Policy, Turn } from "../policy/policy.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import type { Task } from "../tasks/task.ts";
import { parseTurn } from "./parse.ts";
import type { End, RollEvent, Rollout } from "./rollout.ts";
import { type View, type ZoomSettings, zoom } from "./tools.ts";

/** What rolling needs to know of a run; a run's configuration with these few additions fits. */
export interface RollSettings extends ZoomSettings {
  seed: number;
  /** Step of the run: part of each rollout's id and of the key of each draw. */
  step: number;
  rolloutsPerTask: number;
  temperature: number;
  /** Takes the most likely token each time, whatever the temperature. */
  greedy: boolean;
  firstTurnTokens: number;
  nextTurnTokens: number;
  /** Zooms allowed in a rollout; one more call ends it with "turns". */
  maxToolCalls: number;
  /** False: the model cannot start a tool call, and one spelled out in bytes is malformed. */
  zoom: boolean;
  /** Resizes a picture to what the model sees; many may be asked for at once. */
  shown: (pixels: Pixels) => Pixels | Promise<Pixels>;
  /** Number of image tokens of a picture as shown. */
  imageTokens: (shown: Pixels) => number;
}

/** The rollouts of a step, and the pictures that stand in them: what scoring and an update need. */
export interface Rolled {
  /** (tasks, rolloutsPerTask) */
  rollouts: Rollout[][];
  /** The pictures of each task's prompt as shown; shared by the rollouts of the task. */
  promptShown: Pixels[][];
  /** The crops of each rollout as shown, in order: `shown[task][rollout][i]` is picture `promptShown[task].length + i` of the rollout. */
  shown: Pixels[][][];
}

/** Ids left out of the distribution, in sampling and in training alike. */
export function suppressed(chat: Chat, settings: { zoom: boolean }): number[] {
  return settings.zoom ? [...chat.reserved] : [...chat.reserved, chat.toolCallStart];
}

/**
 * Rolls all tasks of a step at once, each `rolloutsPerTask` times: everyone writes, tools answer all who called,
 * those write on, until none waits. A turn must be exactly a call or an answer; anything else, and a call that the
 * tool rejects, ends the rollout as "malformed". Nothing that a model writes throws; a failing policy or picture does.
 * The rollouts are not scored. Stopping early gives the policy's cache back.
 */
export async function* roll(
  policy: Policy,
  chat: Chat,
  tokenizer: Tokenizer,
  tasks: readonly Task[],
  pictures: (task: Task) => Pixels[] | Promise<Pixels[]>,
  settings: RollSettings,
): AsyncGenerator<RollEvent, Rolled> {
  const { step, rolloutsPerTask } = settings;
  const openings = await Promise.all(tasks.map((task) => open(task, chat, pictures, settings)));
  const largest = Math.max(
    0,
    ...openings.flatMap(({ views }) => views.map((view) => settings.imageTokens(view.shown))),
  );
  const observationRoom = chat.observation(largest).length;
  const calls = settings.zoom ? settings.maxToolCalls : 0;
  const rows = openings.flatMap((opening, taskIndex) =>
    Array.from({ length: rolloutsPerTask }, (_, i) => new Row(opening, step, taskIndex, i)),
  );

  const conversations = await policy.begin(
    openings.map(({ passage }) => passage),
    rolloutsPerTask,
    settings.firstTurnTokens + calls * (observationRoom + settings.nextTurnTokens),
    {
      seed: settings.seed,
      step,
      temperature: settings.greedy ? 0 : settings.temperature,
      suppressed: suppressed(chat, settings),
      stops: chat.stops,
    },
  );
  try {
    let waiting = rows.map((_, index) => index);
    let tokens = 0;
    for (let turn = 1; waiting.length > 0; turn++) {
      const limit = turn === 1 ? settings.firstTurnTokens : settings.nextTurnTokens;
      const turns = yield* write(conversations, waiting, limit, { step, turn, tokens });
      const calling: number[] = [];
      const answers: Passage[] = [];
      const heard = await Promise.all(
        waiting.map((index, i) => rows[index]!.hear(turns[i]!, tokenizer, chat, settings, observationRoom)),
      );
      for (const [i, index] of waiting.entries()) {
        const row = rows[index]!;
        tokens += turns[i]!.tokens.length;
        const answer = heard[i];
        if (answer) {
          calling.push(index);
          answers.push(answer);
        } else yield { type: "rolled", step, rollout: row.rollout.id, end: row.rollout.end };
      }
      if (calling.length > 0) await conversations.append(calling, answers);
      waiting = calling;
    }
  } finally {
    conversations.close();
  }

  const byTask = <T>(of: (row: Row) => T) =>
    tasks.map((_, task) => rows.slice(task * rolloutsPerTask, (task + 1) * rolloutsPerTask).map(of));
  return {
    rollouts: byTask((row) => row.rollout),
    promptShown: openings.map(({ passage }) => passage.shown),
    shown: byTask((row) => row.views.slice(row.opening.views.length).map((view) => view.shown)),
  };
}

/** A task with its pictures and prompt. */
interface Opening {
  task: Task;
  views: View[];
  passage: Passage;
}

async function open(
  task: Task,
  chat: Chat,
  pictures: (task: Task) => Pixels[] | Promise<Pixels[]>,
  settings: RollSettings,
): Promise<Opening> {
  const sources = await pictures(task);
  const views = await Promise.all(sources.map(async (source) => ({ source, shown: await settings.shown(source) })));
  const shown = views.map((view) => view.shown);
  return { task, views, passage: { tokens: chat.prompt(task.question, shown.map(settings.imageTokens)), shown } };
}

/** Writes one turn for `rows`, telling progress on the way. */
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

/** One rollout in the making. */
class Row {
  readonly opening: Opening;
  readonly views: View[];
  readonly rollout: Rollout;

  constructor(opening: Opening, step: number, taskIndex: number, rolloutIndex: number) {
    this.opening = opening;
    this.views = [...opening.views];
    this.rollout = {
      id: `${step}·${taskIndex}·${rolloutIndex}`,
      step,
      taskIndex,
      rolloutIndex,
      task: opening.task.id,
      segments: [
        {
          source: "prompt",
          tokens: opening.passage.tokens,
          logprobs: [],
          entropies: [],
          images: opening.views.map((_, i) => i),
        },
      ],
      calls: [],
      end: "error",
      answer: null,
      reward: null,
      advantage: null,
    };
  }

  /** Takes one turn of the model in. The passage that answers it, or nothing where the rollout is over. */
  async hear(
    turn: Turn,
    tokenizer: Tokenizer,
    chat: Chat,
    settings: RollSettings,
    observationRoom: number,
  ): Promise<Passage | undefined> {
    const { segments, calls } = this.rollout;
    segments.push({
      source: "model",
      tokens: turn.tokens,
      logprobs: turn.logprobs,
      entropies: turn.entropies,
      images: [],
    });
    if (!turn.stopped) return this.#end("length");

    const parsed = parseTurn(tokenizer.decode(turn.tokens));
    if (parsed.kind === "answer") {
      this.rollout.answer = parsed.answer;
      return this.#end("answer");
    }
    if (parsed.kind === "malformed" || !settings.zoom) return this.#end("malformed");
    if (calls.length >= settings.maxToolCalls) return this.#end("turns");

    const { call, cut } = zoom(parsed.json, this.views, settings, this.opening.task.goldBoxSourcePx);
    calls.push({ segment: segments.length - 1, ...call });
    if (!cut) return this.#end("malformed");
    const view = { source: cut, shown: await settings.shown(cut) };
    const tokens = chat.observation(settings.imageTokens(view.shown));
    // Room is reserved for crops that are shown no larger than the largest picture; one that is cannot be looked at.
    if (tokens.length > observationRoom) return this.#end("length");

    this.views.push(view);
    segments.push({ source: "tool", tokens, logprobs: [], entropies: [], images: [this.views.length - 1] });
    return { tokens, shown: [view.shown] };
  }

  #end(end: End): undefined {
    this.rollout.end = end;
    return undefined;
  }
}
