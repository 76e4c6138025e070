import type { Rollout, Segment } from "../../agent/rollout.ts";

/** Text of each token that stands for a piece of a picture. */
const imageText = "<|image_pad|>";

/** A token of a segment, or all tokens of one picture. */
export interface Piece {
  text: string;
  /** Id of its (first) token, and how many it covers. */
  token: number;
  tokens: number;
  /** Index into the rollout's pictures; null for text. */
  picture: number | null;
  /** Null where the model did not sample it. */
  logprob: number | null;
  entropy: number | null;
  /** A person put it there, in a branch: it was not sampled, also where the segment is the model's. */
  given: boolean;
}

/** A segment in pieces, in order. */
export function piecesOf(
  { source, tokens, logprobs, entropies, images, texts, given = [] }: Rollout["segments"][number],
  textOf: (token: number) => string,
): Piece[] {
  const pieces: Piece[] = [];
  let pictures = 0;
  for (let i = 0; i < tokens.length; ) {
    const token = tokens[i]!;
    const text = texts ? (texts[i] ?? "") : textOf(token);
    let length = 1;
    // For a server's model one token stands for a picture.
    if (text === imageText) while (tokens[i + length] === token) length++;
    const at = i;
    const isGiven = given.some(([from, to]) => at >= from && at < to);
    const sampled = source === "model" && !isGiven;
    pieces.push({
      text,
      token,
      tokens: length,
      picture: text === imageText ? (images[pictures++] ?? null) : null,
      logprob: sampled ? known(logprobs, i) : null,
      entropy: sampled ? known(entropies, i) : null,
      given: isGiven,
    });
    i += length;
  }
  return pieces;
}

/** Logs may lack a number, or hold what is none. */
function known(values: Segment["logprobs"], at: number): number | null {
  const value = values[at];
  return value !== undefined && Number.isFinite(value) ? value : null;
}
