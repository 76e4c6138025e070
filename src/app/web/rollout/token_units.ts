import type { Rollout, Source } from "../../../agent/rollout.ts";
import { trainedRange } from "../../../train/trained_tokens.ts";
import { imageText } from "../run/token_texts.ts";

/** What the cursor of the step-through stops at: one token, or all tokens of one picture. */
export interface Unit {
  /** Index into the rollout's segments. */
  segment: number;
  source: Source;
  /** Position of its first token in the rollout, and how many it covers. */
  first: number;
  tokens: number;
  /** Id of its (first) token. */
  token: number;
  text: string;
  /** Index into the rollout's pictures; null for text. */
  picture: number | null;
  /** Null where the model did not sample it. */
  logprob: number | null;
  entropy: number | null;
  /** Written or read by a model on a server: its place counts pieces of text, which need not be that model's tokens. */
  elsewhere?: true;
  /** A person put it there, in a branch. */
  given?: true;
  /** The model sampled it, and it is in the loss of another rollout or in none (train/trained_tokens.ts). */
  untrained?: true;
}

/** Shorter runs of one token are text. */
const shortestPicture = 4;

/**
 * Texts of tokens where there is no tokenizer: their ids. The longest run of one token in a segment with pictures is
 * taken for the tokens of a picture.
 */
export function textByIds({ segments }: Rollout): (token: number) => string {
  let picture: number | null = null;
  let longest = shortestPicture - 1;
  for (const { images, tokens } of segments) {
    if (images.length === 0) continue;
    let length = 0;
    for (const [i, token] of tokens.entries()) {
      length = token === tokens[i - 1] ? length + 1 : 1;
      if (length > longest) [longest, picture] = [length, token];
    }
  }
  return (token) => (token === picture ? imageText : `‹${token}›`);
}

/** What JSON has as null, or a log as nonsense, is not a number to count with. */
const numberOf = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** The rollout as units, in order. `textOf` gives a token's text. */
export function unitsOf(rollout: Rollout, textOf: (token: number) => string): Unit[] {
  const units: Unit[] = [];
  const [trainedFrom, trainedTo] = trainedRange(rollout);
  let first = 0;
  for (const [segment, part] of rollout.segments.entries()) {
    const { source, tokens, logprobs, entropies, images, texts, given = [] } = part;
    let pictures = 0;
    const isGiven = (i: number) => given.some(([from, to]) => i >= from && i < to);
    for (let i = 0; i < tokens.length; ) {
      const token = tokens[i]!;
      const text = texts ? (texts[i] ?? "") : textOf(token);
      let length = 1;
      // For a server's model one token stands for a picture, of which nobody here knows how many it is.
      if (text === imageText) while (tokens[i + length] === token) length++;
      const sampled = source === "model" && !isGiven(i);
      const isTrained = first + i >= trainedFrom && first + i < trainedTo;
      units.push({
        segment,
        source,
        first: first + i,
        tokens: length,
        token,
        text,
        picture: text === imageText ? (images[pictures++] ?? null) : null,
        logprob: sampled ? numberOf(logprobs[i]) : null,
        entropy: sampled ? numberOf(entropies[i]) : null,
        ...(isGiven(i) && { given: true as const }),
        ...(sampled && !isTrained && { untrained: true as const }),
        ...(texts && { elsewhere: true as const }),
      });
      i += length;
    }
    first += tokens.length;
  }
  return units;
}

/** A cursor is the index of the last unit that has been seen. */
export const start = (units: readonly Unit[]): number => {
  const firstModel = units.findIndex((unit) => unit.source === "model");
  return Math.max(0, firstModel - 1);
};

/** The cursor at which this many tokens of the rollout have been seen. */
export const cursorAt = (units: readonly Unit[], seen: number): number => {
  const index = units.findIndex(({ first, tokens }) => first + tokens >= seen);
  return index < 0 ? units.length - 1 : index;
};

/** To the end of this or the next turn of the model, else to the end of the rollout. */
export function nextTurn(units: readonly Unit[], cursor: number): number {
  const next = units.findIndex((unit, i) => i > cursor && endsTurn(units, i, unit));
  return next < 0 ? units.length - 1 : next;
}

export function previousTurn(units: readonly Unit[], cursor: number): number {
  const previous = units.findLastIndex((unit, i) => i < cursor && endsTurn(units, i, unit));
  return Math.max(0, previous);
}

/** To where the next answer of a tool has been seen; stays where there is none. */
export function nextTool(units: readonly Unit[], cursor: number): number {
  const next = units.findIndex((unit, i) => i > cursor && endsSegment(units, i, unit, "tool"));
  return next < 0 ? cursor : next;
}

export function previousTool(units: readonly Unit[], cursor: number): number {
  const previous = units.findLastIndex((unit, i) => i < cursor && endsSegment(units, i, unit, "tool"));
  return previous < 0 ? cursor : previous;
}

const endsTurn = (units: readonly Unit[], i: number, unit: Unit): boolean => endsSegment(units, i, unit, "model");

const endsSegment = (units: readonly Unit[], i: number, unit: Unit, source: Source): boolean =>
  unit.source === source && units[i + 1]?.segment !== unit.segment;

/** A picture in words. */
export const imageWords = ({ tokens, elsewhere }: Pick<Unit, "tokens" | "elsewhere">): string =>
  elsewhere && tokens === 1 ? "image" : `image, ${tokens} tokens`;

/** Text with its whitespace made visible, for a line about one token. */
export const visibleText = (text: string): string =>
  text.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥");
