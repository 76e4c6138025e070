import type { Rollout } from "../../../agent/rollout.ts";

/** A piece of a transcript: a token, or a word where tokens of the two sides cannot be compared. */
export interface Piece {
  text: string;
  /** Whether a piece of the other side stands in its place and says the same. */
  same: boolean;
  /** Index among the tokens that the model wrote; null for what it did not write, and for words. */
  written: number | null;
  /** Natural, when it was written; null where it is not known. */
  logprob: number | null;
}

/** A segment of both sides beside each other; null on a side that is over. */
export interface AlignedTurn {
  source: "model" | "tool";
  a: Piece[] | null;
  b: Piece[] | null;
}

export interface Aligned {
  turns: AlignedTurn[];
  /** The first piece that differs, by turn and place on either side; null where all is the same. */
  first: { turn: number; piece: number } | null;
}

/** Pieces of each side that are compared with each other; of longer turns only beginning and end are. */
const mostCompared = 1500;

/**
 * What two rollouts of one task wrote, segment by segment behind their prompts.
 * @param textsOf  the texts of a segment's tokens, one each
 */
export function aligned(a: Rollout, b: Rollout, textsOf: (rollout: Rollout, segment: number) => string[]): Aligned {
  // Tokens of two vocabularies: the same text is cut differently.
  const byWords = a.elsewhere !== undefined || b.elsewhere !== undefined;
  const [left, right] = [piecesOf(a, textsOf, byWords), piecesOf(b, textsOf, byWords)];
  const turns: AlignedTurn[] = [];
  let first: Aligned["first"] = null;
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [one, other] = [left[i] ?? null, right[i] ?? null];
    if (one && other) markSame(one.pieces, other.pieces);
    const turn = turns.length;
    turns.push({ source: (one ?? other)!.source, a: one?.pieces ?? null, b: other?.pieces ?? null });
    if (first === null) {
      const piece = firstDifference(one?.pieces ?? [], other?.pieces ?? []);
      if (piece !== null) first = { turn, piece };
    }
  }
  return { turns, first };
}

interface Side {
  source: "model" | "tool";
  pieces: Piece[];
}

function piecesOf(rollout: Rollout, textsOf: Parameters<typeof aligned>[2], byWords: boolean): Side[] {
  let written = 0;
  return rollout.segments.flatMap(({ source, logprobs }, segment): Side[] => {
    if (source === "prompt") return [];
    const texts = withPicturesOnce(textsOf(rollout, segment));
    const model = source === "model";
    const pieces = byWords
      ? wordsOf(texts.map(({ text }) => text).join("")).map(
          (text): Piece => ({ text, same: false, written: null, logprob: null }),
        )
      : texts.map(
          ({ text, at }): Piece => ({
            text,
            same: false,
            written: model ? written + at : null,
            logprob: model ? (logprobs[at] ?? null) : null,
          }),
        );
    if (model) written += rollout.segments[segment]!.tokens.length;
    return [{ source, pieces }];
  });
}

const imagePad = "<|image_pad|>";

/** A picture is one piece, however many tokens it has: how many depends on the model. */
function withPicturesOnce(texts: readonly string[]): { text: string; at: number }[] {
  return texts
    .map((text, at) => ({ text, at }))
    .filter(({ text, at }) => text !== imagePad || texts[at - 1] !== imagePad)
    .map(({ text, at }) => ({ text: text === imagePad ? "▦ picture" : text, at }));
}

/** Words with what stands before them; marks of turns, which only some servers report, are left out. */
const wordsOf = (text: string): string[] =>
  text.replaceAll(/<\|(?:im_end|endoftext)\|>/g, "").match(/\s*[^\s]+/g) ?? [];

const alike = (a: Piece | undefined, b: Piece | undefined): boolean =>
  a !== undefined && b !== undefined && a.text.trim() === b.text.trim() && (a.text === b.text || a.written === null);

function firstDifference(a: readonly Piece[], b: readonly Piece[]): number | null {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (!alike(a[i], b[i])) return i;
  return null;
}

/** Marks the longest common subsequence, beginning and end first. */
function markSame(a: Piece[], b: Piece[]): void {
  let [from, toA, toB] = [0, a.length, b.length];
  const same = (one: Piece, other: Piece): void => {
    one.same = other.same = true;
  };
  while (from < toA && from < toB && alike(a[from], b[from])) same(a[from]!, b[from++]!);
  while (toA > from && toB > from && alike(a[toA - 1], b[toB - 1])) same(a[--toA]!, b[--toB]!);
  const [rows, columns] = [toA - from, toB - from];
  if (rows === 0 || columns === 0 || rows > mostCompared || columns > mostCompared) return;
  // lengths[i][j]: of the longest common subsequence of what is behind i and j.
  const lengths = new Uint16Array((rows + 1) * (columns + 1));
  const at = (i: number, j: number) => i * (columns + 1) + j;
  for (let i = rows - 1; i >= 0; i--)
    for (let j = columns - 1; j >= 0; j--)
      lengths[at(i, j)] = alike(a[from + i], b[from + j])
        ? lengths[at(i + 1, j + 1)]! + 1
        : Math.max(lengths[at(i + 1, j)]!, lengths[at(i, j + 1)]!);
  for (let i = 0, j = 0; i < rows && j < columns; ) {
    if (alike(a[from + i], b[from + j])) same(a[from + i++]!, b[from + j++]!);
    else if (lengths[at(i + 1, j)]! >= lengths[at(i, j + 1)]!) i++;
    else j++;
  }
}
