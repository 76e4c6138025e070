import type { Box, Pixels } from "../image/pixels.ts";
import { type Chat, withoutImageTokens } from "../policy/chat.ts";
import type { Vocabulary } from "../policy/vocabulary.ts";
import type { Task } from "../tasks/task.ts";
import { withBox } from "./branch_box.ts";
import { withQuestion } from "./branch_question.ts";
import { type GivenResult, replacedResult } from "./branch_result.ts";
import { expectTyped } from "./branch_text.ts";
import type { EnvironmentSettings } from "./environments/environment.ts";
import type { Begun } from "./growing_rollout.ts";
import type { ReplacedResult, Rollout, Segment, ToolCall } from "./rollout.ts";
import type { OfferSettings } from "./tools/table.ts";
import type { View } from "./tools/tool.ts";

/**
 * What a person puts in the place of what happened. `at` is a token of the rollout, counted through its segments from 0;
 * for all but "token" and "text" any token of the turn does.
 */
export type Intervention =
  | { kind: "token"; at: number; token: number }
  /** In the place of that token and those behind it in its turn; the model writes on where the text does not close the turn. */
  | { kind: "text"; at: number; text: string }
  /** The turn calls the zoom tool with this box of the task's first picture. */
  | { kind: "box"; at: number; boxSourcePx: Box }
  /** From there on the model cannot call a tool. */
  | { kind: "deny"; at: number }
  /** Something else in the place of what the turn's call gave. */
  | { kind: "result"; at: number; result: GivenResult }
  /** Begins again from the prompt. */
  | { kind: "question"; question: string };

/** What a branch goes on from. */
export interface BranchStart extends Begun {
  /** The prompt, where that differs from the rollout's. */
  task: Task;
  /** The first token that differs from the rollout's. */
  place: number;
  /** The part of the prompt that a person wrote. */
  givenInPrompt?: [from: number, to: number];
}

/** What a branch is made with. */
export interface StartParts {
  chat: Chat;
  tokenizer: Vocabulary;
  settings: EnvironmentSettings &
    OfferSettings & {
      maxToolCalls: number;
      modelInput: (pixels: Pixels) => Pixels | Promise<Pixels>;
      imageTokens: (modelInput: Pixels) => number;
    };
}

/** A rollout and its pictures, the task's first. */
export interface Parent {
  rollout: Rollout;
  task: Task;
  views: readonly View[];
}

/**
 * Where a branch begins. The rollout stays as it is.
 * @throws Error with one sentence where what was put there cannot stand there
 */
export async function branchStart(parent: Parent, what: Intervention, parts: StartParts): Promise<BranchStart> {
  if (what.kind === "question") return withQuestion(parent, what.question, parts);
  const { rollout, task } = parent;
  const place = turnAt(rollout, what);
  const { segment, tokens, first } = place;
  switch (what.kind) {
    case "deny": {
      const [opening = 0] = openingOf(tokens, parts.chat);
      return { ...before(parent, segment, opening), task, place: first + opening };
    }
    case "result":
      return withResult(parent, place, what.result, parts);
    case "token":
      expectGiveable([what.token], parts);
      return given(parent, place, { kept: what.at - first, given: [what.token] });
    case "text": {
      if (what.text === "") throw new Error("Expected a text, found none; type what the model is to have written");
      const written = parts.tokenizer.encode(what.text);
      expectGiveable(written, parts);
      return given(parent, place, { kept: what.at - first, given: written });
    }
    default:
      return given(parent, place, withBox(parent, place, what.boxSourcePx, parts));
  }
}

/** A turn of the model in a rollout. */
export interface TurnPlace {
  segment: number;
  tokens: readonly number[];
  /** Position of its first token in the rollout. */
  first: number;
}

/** The turn of the model that holds a token, or that the tool's answer with this token belongs to. */
function turnAt({ segments, id }: Rollout, { at, kind }: Exclude<Intervention, { kind: "question" }>): TurnPlace {
  let first = 0;
  let turn: TurnPlace | null = null;
  for (const [segment, { source, tokens }] of segments.entries()) {
    if (source === "model") turn = { segment, tokens, first };
    if (Number.isInteger(at) && at >= first && at < first + tokens.length) {
      const isWritten = source === "model" || (source === "tool" && kind !== "token" && kind !== "text");
      if (isWritten && turn) return turn;
      throw new Error(
        `Token ${at + 1} of rollout ${id} is of the ${source === "tool" ? "tool's answer" : "prompt"}, which the model did not write; choose one of the model's tokens${source === "tool" ? ", or replace the result" : ", or change the question"}`,
      );
    }
    first += tokens.length;
  }
  throw new Error(
    `Expected a token from 1 to ${first} of rollout ${id}, found ${at + 1}; choose one of the rollout's tokens`,
  );
}

/** All that stands before a turn, and so many of its tokens. */
export function before({ rollout, views }: Parent, segment: number, kept: number): Begun {
  const turn = rollout.segments[segment]!;
  const whole = rollout.segments.slice(1, segment);
  const shown = whole.flatMap(({ images }) => images);
  return {
    segments: kept > 0 ? [...whole, firstTokens(turn, kept)] : whole,
    calls: rollout.calls.filter((call) => call.segment < segment),
    views: shown.map((index) => viewAt(views, index)),
  };
}

function viewAt(views: readonly View[], index: number): View {
  const view = views[index];
  if (!view) throw new Error(`The rollout shows picture ${index}, of ${views.length}; its log does not fit together`);
  return view;
}

/** The beginning of a segment of the model. */
function firstTokens({ source, tokens, logprobs, entropies, given: marks = [] }: Segment, count: number): Segment {
  const inside = marks
    .filter(([from]) => from < count)
    .map(([from, to]): [number, number] => [from, Math.min(to, count)]);
  const cut = (values: readonly number[]) => values.slice(0, count);
  return {
    source,
    tokens: cut(tokens),
    logprobs: cut(logprobs),
    entropies: cut(entropies),
    images: [],
    ...(inside.length > 0 && { given: inside }),
  };
}

/** The turn up to a token, and what a person puts behind it. */
function given(
  parent: Parent,
  { segment, first }: TurnPlace,
  turn: { kept: number; given: readonly number[] },
): BranchStart {
  const { kept, given: added } = turn;
  const { segments, ...rest } = before(parent, segment, kept);
  const open: Segment =
    kept > 0 ? segments.at(-1)! : { source: "model", tokens: [], logprobs: [], entropies: [], images: [] };
  const zeros = added.map(() => 0);
  const whole: Segment = {
    ...open,
    tokens: [...open.tokens, ...added],
    logprobs: [...open.logprobs, ...zeros],
    entropies: [...open.entropies, ...zeros],
    given: [...(open.given ?? []), [kept, kept + added.length]],
  };
  return {
    ...rest,
    segments: [...(kept > 0 ? segments.slice(0, -1) : segments), whole],
    task: parent.task,
    place: first + kept,
  };
}

/** @throws Error where tokens cannot stand in a turn of the model */
function expectGiveable(tokens: readonly number[], { chat, tokenizer }: StartParts): void {
  expectTyped(tokens, "a text", { chat, tokenizer });
  const stop = tokens.findIndex((token) => chat.stops.includes(token));
  if (stop >= 0 && stop < tokens.length - 1)
    throw new Error(
      `Expected nothing behind ${tokenizer.texts([tokens[stop]!])[0]}, which closes the turn, found ${tokens.length - 1 - stop} more tokens; leave them out`,
    );
}

/** Where a turn opens its call: an index of its tokens, none where it has no call. */
function openingOf(tokens: readonly number[], { toolCallStart }: Chat): number[] {
  const at = tokens.indexOf(toolCallStart);
  return at < 0 ? [] : [at];
}

async function withResult(
  parent: Parent,
  { segment, tokens, first }: TurnPlace,
  result: GivenResult,
  { chat, tokenizer, settings }: StartParts,
): Promise<BranchStart> {
  const { rollout, task, views } = parent;
  const call = rollout.calls.findLast((one) => one.segment === segment);
  if (!call)
    throw new Error(
      "Expected a turn that calls a tool, found one that does not; choose the turn of a call, or draw a box",
    );
  const answered = rollout.segments[segment + 1];
  const [shown] = answered?.images ?? [];
  const original = shown === undefined ? null : viewAt(views, shown).original;
  const replaced = replacedResult(result, original, views[0]);
  // An image token in it is taken for its text.
  if (result.kind === "error")
    expectTyped(tokenizer.encode(withoutImageTokens(result.text)), "a text", { chat, tokenizer });
  const picture = replaced.picture;
  const view = picture && { original: picture, modelInput: await settings.modelInput(picture) };
  const imageTokens = view ? [settings.imageTokens(view.modelInput)] : [];
  const pad = tokenizer.id("<|image_pad|>");
  // The text round the tool's picture stays as it was.
  const observation =
    view && answered && original
      ? withPicture(answered.tokens, pad, imageTokens[0]!)
      : chat.observation(result.kind === "error" ? result.text : "", imageTokens);
  const start = before(parent, segment, tokens.length);
  const index = viewsOfTask(rollout) + start.views.length;
  const answer: Segment = {
    source: "tool",
    tokens: observation,
    logprobs: [],
    entropies: [],
    images: view ? [index] : [],
    given: [[0, observation.length]],
  };
  return {
    segments: [...start.segments, answer],
    calls: [...start.calls, replacedCall(call, replaced, result)],
    views: view ? [...start.views, view] : start.views,
    task,
    place: first + tokens.length,
  };
}

const viewsOfTask = ({ segments }: Rollout): number => segments[0]?.images.length ?? 0;

function replacedCall(call: ToolCall, replaced: ReplacedResult, result: GivenResult): ToolCall {
  const { message: _, ...rest } = call;
  return result.kind === "error" ? { ...rest, message: result.text, replaced } : { ...rest, outcome: "ok", replaced };
}

/** An answer of a tool whose picture takes so many tokens. */
function withPicture(tokens: readonly number[], pad: number, count: number): number[] {
  const from = tokens.indexOf(pad);
  const rest = tokens.slice(from).findIndex((token) => token !== pad);
  const to = rest < 0 ? tokens.length : from + rest;
  return [...tokens.slice(0, from), ...new Array<number>(count).fill(pad), ...tokens.slice(to)];
}
