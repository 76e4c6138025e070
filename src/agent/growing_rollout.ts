import type { Pixels } from "../image/pixels.ts";
import type { Chat } from "../policy/chat.ts";
import type { Passage, Turn } from "../policy/policy.ts";
import type { Vocabulary } from "../policy/vocabulary.ts";
import type { Task } from "../tasks/task.ts";
import type { Environment, StepResult } from "./environments/environment.ts";
import { orAborted } from "./or_aborted.ts";
import type { End, Rollout, Segment, ToolCall } from "./rollout.ts";
import { describeElsewhere } from "./rollouts_elsewhere.ts";
import type { Capacity, TokenLimits } from "./token_limits.ts";
import { type OfferSettings, offersTools } from "./tools/table.ts";
import type { View } from "./tools/tool.ts";
import { ToolFailure } from "./tools/tool_failure.ts";
import { ToolStates } from "./tools/tool_states.ts";

/** A task with its pictures and its prompt. */
export interface Opening {
  task: Task;
  views: View[];
  passage: Passage;
}

/** What stands behind the prompt of a rollout that goes on from turns that were written elsewhere. */
export interface Begun {
  /** In order; where the last one is the model's, its turn goes on. */
  segments: readonly Segment[];
  calls: readonly ToolCall[];
  /** The pictures that stand in them. */
  views: readonly View[];
}

/** What a turn is read and answered with. */
export interface TurnContext {
  environment: Environment;
  tokenizer: Vocabulary;
  chat: Chat;
  settings: AnswerSettings;
  capacity: Capacity;
}

interface AnswerSettings extends OfferSettings {
  maxToolCalls: number;
  modelInput: (pixels: Pixels) => Pixels | Promise<Pixels>;
  imageTokens: (modelInput: Pixels) => number;
  /** Stops the wait for a tool. */
  signal?: AbortSignal;
}

/** One rollout while it is made. */
export class GrowingRollout {
  readonly rollout: Rollout;
  /** Its row among the policy's conversations. */
  readonly row: number;
  isOver = false;
  /** Tokens behind the prompt so far. */
  tokens = 0;
  /** Turns of the model that are closed. */
  turns = 0;
  /** The beginning of the turn that is written next; null where it begins with what is sampled. */
  #open: Segment | null = null;
  readonly #opening: Opening;
  readonly #views: View[];
  readonly #states: ToolStates;

  constructor(
    opening: Opening,
    place: Pick<Rollout, "step" | "taskIndex" | "rolloutIndex">,
    row: number,
    begun: Begun | null = null,
  ) {
    const { task, views, passage } = opening;
    const { step, taskIndex, rolloutIndex } = place;
    this.row = row;
    this.#opening = opening;
    this.#views = [...views];
    this.#states = new ToolStates(task, views);
    this.rollout = {
      id: `${step}·${taskIndex}·${rolloutIndex}`,
      step,
      taskIndex,
      rolloutIndex,
      task: task.id,
      segments: [
        { source: "prompt", tokens: passage.tokens, logprobs: [], entropies: [], images: views.map((_, i) => i) },
      ],
      calls: [],
      end: "error",
      answer: null,
      reward: null,
      advantage: null,
    };
    if (begun) this.#goOnFrom(begun);
  }

  #goOnFrom({ segments, calls, views }: Begun): void {
    const last = segments.at(-1);
    this.#open = last?.source === "model" ? last : null;
    const closed = this.#open ? segments.slice(0, -1) : segments;
    this.rollout.segments.push(...closed);
    this.rollout.calls.push(...calls);
    this.#views.push(...views);
    this.turns = closed.filter(({ source }) => source === "model").length;
    this.tokens = segments.reduce((sum, { tokens }) => sum + tokens.length, 0);
  }

  /** Tokens that may be sampled in the next turn. */
  room(
    { firstTurnTokens, nextTurnTokens }: Pick<TokenLimits, "firstTurnTokens" | "nextTurnTokens">,
    { responseTokens }: Capacity,
  ): number {
    const begun = this.#open ? this.#open.tokens.length - typedTokens(this.#open) : 0;
    const ofTurn = (this.turns === 0 ? firstTurnTokens : nextTurnTokens) - begun;
    return Math.min(ofTurn, responseTokens - this.tokens);
  }

  /** The model inputs of the pictures that tools gave. */
  get toolImages(): Pixels[] {
    return this.#views.slice(this.#opening.views.length).map(({ modelInput }) => modelInput);
  }

  /**
   * Takes one turn of the model.
   * @returns the passage that answers it, or null where the rollout is over; where a tool failed, `rollout.error` says so
   */
  async take(turn: Turn, context: TurnContext): Promise<Passage | null> {
    if (turn.failed !== undefined) {
      this.rollout.error = turn.failed;
      await orAborted(this.close(), context.settings.signal);
      return this.#end("error");
    }
    const { tokens, logprobs, entropies } = withBeginning(turn, this.#open);
    const { given } = this.#open ?? {};
    this.rollout.segments.push({ source: "model", tokens, logprobs, entropies, images: [], ...(given && { given }) });
    const { elsewhere } = turn;
    if (elsewhere) describeElsewhere(this.rollout, elsewhere, context.tokenizer);
    this.tokens += elsewhere?.tokenCount ?? turn.tokens.length;
    this.turns++;
    this.#open = null;
    try {
      const text = turn.text ?? context.tokenizer.decode(tokens);
      const answer = turn.stopped ? await this.#answer(text, context) : this.#end("length");
      if (!answer) await orAborted(this.close(), context.settings.signal);
      return answer;
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
      this.rollout.error = error.message;
      return this.#end("error");
    }
  }

  /** Lets tools give back what they keep for the rollout. @throws ToolFailure */
  close(): Promise<void> {
    return this.#states.close();
  }

  async #answer(text: string, context: TurnContext): Promise<Passage | null> {
    const { environment, settings } = context;
    const { segments, calls } = this.rollout;
    const { task } = this.#opening;
    const result = await environment.step({
      text,
      task,
      views: this.#views,
      offersTools: offersTools(task, settings),
      mayCall: calls.length < settings.maxToolCalls,
      states: this.#states,
    });
    const made = result.end === null ? [result.call] : result.calls;
    for (const call of made) calls.push({ segment: segments.length - 1, ...call });
    if (result.end === null) return this.#observe(result, context);
    this.rollout.answer = result.answer;
    return this.#end(result.end);
  }

  /** Appends what a tool answered. Text and picture go in together or not at all: one without the other is not a conversation. */
  async #observe(
    { text, caption, picture }: StepResult & { end: null },
    { chat, settings, capacity }: TurnContext,
  ): Promise<Passage | null> {
    const views = picture ? [{ original: picture, modelInput: await settings.modelInput(picture) }] : [];
    const images = views.map(({ modelInput }) => modelInput);
    const tokens = chat.observation(text, images.map(settings.imageTokens), caption);
    if (tokens.length > capacity.observationTokens || this.tokens + tokens.length >= capacity.responseTokens)
      return this.#end("length");
    const first = this.#views.length;
    this.#views.push(...views);
    const indices = views.map((_, i) => first + i);
    this.rollout.segments.push({ source: "tool", tokens, logprobs: [], entropies: [], images: indices });
    this.tokens += tokens.length;
    return { tokens, images };
  }

  #end(end: End): null {
    this.rollout.end = end;
    this.isOver = true;
    return null;
  }
}

/** Tokens of a turn that a person typed, which count to no limit; one that was chosen in the place of another does. */
export const typedTokens = ({ given = [] }: Pick<Segment, "given">): number =>
  given.reduce((sum, [from, to]) => sum + (to - from > 1 ? to - from : 0), 0);

/** A turn behind what it was begun with. */
function withBeginning(turn: Turn, begun: Segment | null): Pick<Turn, "tokens" | "logprobs" | "entropies"> {
  if (!begun) return turn;
  return {
    tokens: [...begun.tokens, ...turn.tokens],
    logprobs: [...begun.logprobs, ...turn.logprobs],
    entropies: [...begun.entropies, ...turn.entropies],
  };
}
