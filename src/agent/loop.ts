import type { Pixels } from "../image/pixels.ts";
import type { Chat } from "../policy/chat.ts";
import type { Conversations, Passage, Policy, Turn } from "../policy/policy.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import type { Task } from "../tasks/task.ts";
import { type Listener, type ListeningSettings, listener } from "./environments/open_environment.ts";
import type { End, GroupEnded, RollEvent, Rollout } from "./rollout.ts";
import type { View } from "./tools/zoom.ts";

/** What rolling needs to know of a run; a run's configuration with these few additions fits. */
export interface RollSettings extends ListeningSettings {
  seed: number;
  /** Step of the run: part of each rollout's id and of the key of each draw. */
  step: number;
  /** Index of the first task in the step, where its tasks are rolled in several goes; 0 unless said otherwise. */
  firstTask?: number;
  rolloutsPerTask: number;
  temperature: number;
  /** Takes the most likely token each time, whatever the temperature. */
  greedy: boolean;
  firstTurnTokens: number;
  nextTurnTokens: number;
  /**
   * Longest response, tools' answers included: the turn that reaches it is cut there, an answer of the tool that does
   * not fit ends the rollout. 0: as long as the turns' own limits allow.
   */
  responseTokens: number;
  /** Calls allowed in a rollout; one more ends it with "turns". */
  maxToolCalls: number;
  /** False: the model cannot start a tool call, and one spelled out in bytes is malformed. */
  zoom: boolean;
  /** Whether rows without a tool environment are offered tools all the same. */
  toolRows: "named" | "all";
  /** Resizes a picture to what the model sees; many may be asked for at once. */
  modelInput: (pixels: Pixels) => Pixels | Promise<Pixels>;
  /** Number of image tokens of a model input. */
  imageTokens: (modelInput: Pixels) => number;
}

/** What a tool may say beside its pictures, or in their place; room in the cache is reserved for it. */
const saidTokens = 192;

/** The rollouts of a step, and the pictures that stand in them: what scoring and an update need. */
export interface Rolled {
  /** (tasks, rolloutsPerTask) */
  rollouts: Rollout[][];
  /** The model inputs of each task's prompt; shared by the rollouts of the task. */
  promptImages: Pixels[][];
  /** The model inputs of the pictures that tools gave in each rollout, in order: `toolImages[task][rollout][i]` is picture `promptImages[task].length + i` of the rollout. */
  toolImages: Pixels[][][];
}

/** Ids left out of the distribution, in sampling and in training alike. */
export function suppressed(chat: Chat, settings: { zoom: boolean }): number[] {
  return settings.zoom ? [...chat.reserved] : [...chat.reserved, chat.toolCallStart];
}

/**
 * Rolls all tasks of a step at once, each `rolloutsPerTask` times: everyone writes, tools answer all who called,
 * those write on, until none waits. What a turn means and how a bad call is answered is the listener's to say
 * (listening.ts). Nothing that a model writes throws; a failing policy or picture does.
 * The rollouts are not scored. Stopping early gives the policy's cache back.
 */
export async function* roll(
  policy: Policy,
  chat: Chat,
  tokenizer: Tokenizer,
  tasks: readonly Task[],
  pictures: (task: Task) => Pixels[] | Promise<Pixels[]>,
  settings: RollSettings,
): AsyncGenerator<RollEvent | GroupEnded, Rolled> {
  const { step, rolloutsPerTask, firstTask = 0 } = settings;
  const openings = await Promise.all(tasks.map((task) => open(task, chat, pictures, settings)));
  const largest = Math.max(
    0,
    ...openings.flatMap(({ views }) => views.map((view) => settings.imageTokens(view.modelInput))),
  );
  const room = roomAfter(chat.observation("", [largest]).length, settings);
  const hears = listener(settings);
  const rows = openings.flatMap((opening, taskIndex) =>
    Array.from({ length: rolloutsPerTask }, (_, i) => new Row(opening, step, firstTask + taskIndex, i)),
  );

  const conversations = await policy.begin(
    openings.map(({ passage }) => passage),
    rolloutsPerTask,
    room.responseTokens,
    {
      seed: settings.seed,
      step,
      firstTask,
      temperature: settings.greedy ? 0 : settings.temperature,
      suppressed: suppressed(chat, settings),
      stops: chat.stops,
    },
  );
  const ofTask = (task: number) =>
    rows.slice(task * rolloutsPerTask, (task + 1) * rolloutsPerTask).map((row) => row.rollout);
  const speaking = tasks.map(() => rolloutsPerTask);
  try {
    let waiting = rows.map((_, index) => index);
    let tokens = 0;
    for (let turn = 1; waiting.length > 0; turn++) {
      const turnLimit = turn === 1 ? settings.firstTurnTokens : settings.nextTurnTokens;
      const turns: Turn[] = [];
      const limitOf = (index: number) => Math.min(turnLimit, room.responseTokens - rows[index]!.tokens);
      // Nearly always one limit for all; only who is close to the end of its response has less.
      for (const limit of new Set(waiting.map(limitOf))) {
        const alike = waiting.filter((index) => limitOf(index) === limit);
        const written = yield* write(conversations, alike, limit, { step, turn, tokens });
        for (const [i, index] of alike.entries()) turns[waiting.indexOf(index)] = written[i]!;
      }
      for (const [i, written] of turns.entries()) expectNumbers(written, turn, rows[waiting[i]!]!.opening.task.id);
      const calling: number[] = [];
      const answers: Passage[] = [];
      const heard = await Promise.all(
        waiting.map((index, i) => rows[index]!.hear(turns[i]!, hears, tokenizer, chat, settings, room)),
      );
      for (const [i, index] of waiting.entries()) {
        const row = rows[index]!;
        tokens += turns[i]!.tokens.length;
        const answer = heard[i];
        if (answer) {
          calling.push(index);
          answers.push(answer);
        } else {
          yield { type: "rolled", step, rollout: row.rollout.id, end: row.rollout.end };
          const taskIndex = Math.floor(index / rolloutsPerTask);
          if (--speaking[taskIndex]! === 0) yield { type: "ended", taskIndex, rollouts: ofTask(taskIndex) };
        }
      }
      if (calling.length > 0) await conversations.append(calling, answers);
      waiting = calling;
    }
  } finally {
    conversations.close();
  }

  return {
    rollouts: tasks.map((_, task) => ofTask(task)),
    promptImages: openings.map(({ passage }) => passage.images),
    toolImages: tasks.map((_, task) =>
      rows
        .slice(task * rolloutsPerTask, (task + 1) * rolloutsPerTask)
        .map((row) => row.views.slice(row.opening.views.length).map((view) => view.modelInput)),
    ),
  };
}

/** @throws Error where what a model computes are no numbers: what it seems to write then is nobody's. */
function expectNumbers({ logprobs, entropies }: Turn, turn: number, task: string): void {
  const bad = logprobs.findIndex((logprob, i) => !Number.isFinite(logprob) || !Number.isFinite(entropies[i]!));
  if (bad < 0) return;
  throw new Error(
    `Expected log-probabilities that are numbers, found ${logprobs[bad]} (entropy ${entropies[bad]}) at token ${bad + 1} of turn ${turn} of ${task}: weights of the model are not numbers, or too large for f32; load the model anew, or go on from a checkpoint before`,
  );
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

/** Whether the model may call a tool on this task. */
export const offersTools = (task: Task, { zoom, toolRows }: Pick<RollSettings, "zoom" | "toolRows">): boolean =>
  zoom && (toolRows === "all" || task.tools !== false);

/** Tokens that a rollout may use. */
interface Room {
  responseTokens: number;
  observationTokens: number;
}

/** The room after a prompt. @param observationTokens  of the largest picture, with what stands around it */
export function roomAfter(
  observationTokens: number,
  settings: Pick<
    RollSettings,
    "prompt" | "zoom" | "maxToolCalls" | "firstTurnTokens" | "nextTurnTokens" | "responseTokens"
  >,
): Room {
  // A sentence never takes more tokens than the largest picture and what may be said beside it.
  const observation = observationTokens + (settings.prompt === "compact" ? 0 : saidTokens);
  const calls = settings.zoom ? settings.maxToolCalls : 0;
  const allTurns = settings.firstTurnTokens + calls * (observation + settings.nextTurnTokens);
  return {
    responseTokens: settings.responseTokens > 0 ? Math.min(settings.responseTokens, allTurns) : allTurns,
    observationTokens: observation,
  };
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

  /** Tokens behind the prompt so far. */
  get tokens(): number {
    return this.rollout.segments.slice(1).reduce((sum, segment) => sum + segment.tokens.length, 0);
  }

  /** Takes one turn of the model in. The passage that answers it, or nothing where the rollout is over. */
  async hear(
    turn: Turn,
    hears: Listener,
    tokenizer: Tokenizer,
    chat: Chat,
    settings: RollSettings,
    room: Room,
  ): Promise<Passage | undefined> {
    const { segments, calls } = this.rollout;
    const { task } = this.opening;
    segments.push({
      source: "model",
      tokens: turn.tokens,
      logprobs: turn.logprobs,
      entropies: turn.entropies,
      images: [],
    });
    if (!turn.stopped) return this.#end("length");

    const heard = hears({
      text: tokenizer.decode(turn.tokens),
      views: this.views,
      mayCall: calls.length < settings.maxToolCalls,
      tools: offersTools(task, settings),
      goldBoxSourcePx: task.goldBoxSourcePx,
    });
    for (const call of heard.calls) calls.push({ segment: segments.length - 1, ...call });
    if (heard.end !== null) {
      this.rollout.answer = heard.answer;
      return this.#end(heard.end);
    }

    // Text and picture go in together or not at all: one without the other is no conversation.
    const views = heard.cut ? [{ original: heard.cut, modelInput: await settings.modelInput(heard.cut) }] : [];
    const tokens = chat.observation(
      heard.said,
      views.map((view) => settings.imageTokens(view.modelInput)),
    );
    if (tokens.length > room.observationTokens || this.tokens + tokens.length >= room.responseTokens)
      return this.#end("length");
    this.views.push(...views);
    segments.push({
      source: "tool",
      tokens,
      logprobs: [],
      entropies: [],
      images: views.map((_, i) => this.views.length - views.length + i),
    });
    return { tokens, images: views.map((view) => view.modelInput) };
  }

  #end(end: End): undefined {
    this.rollout.end = end;
    return undefined;
  }
}
