import { appendRopePositions, imageTokenCount, patchCount } from "../model/positions.ts";
import { RowPacker } from "../model/row_packer.ts";
import type { TextRowValues } from "../model/text_rows.ts";
import type { InputImage } from "../model/vision_rows.ts";

/** A token whose log-probability enters the loss. */
export interface Target {
  /** Index in the sequence of the token that the model has just read; -1: the last token of the prefix. */
  at: number;
  token: number;
  /** Share in the loss; all weights of an update together make up the aggregation. */
  weight: number;
  /** Log-probability when it was sampled, and the rollout's advantage: GRPO only. */
  oldLogprob?: number;
  advantage?: number;
}

/** Tokens of one rollout after its prompt (or a whole supervised row), the pictures in them, and the trained targets. */
export interface Sequence {
  tokens: readonly number[];
  images: readonly InputImage[];
  targets: readonly Target[];
}

/** Sequences that share a prefix; the prefix may be empty. */
export interface PackedGroup {
  prefix: { tokens: readonly number[]; images: readonly InputImage[] };
  sequences: readonly Sequence[];
}

/** The rows of one pass. */
export interface Packed {
  rows: Required<TextRowValues>;
  images: InputImage[];
  /** Row of the hidden state that predicts each target. */
  targetRows: number[];
  targets: Target[];
  /** For each sequence with targets, its first one and the one behind its last, one pair after another. */
  sequenceSpans: number[];
}

/** What a group takes: rows of text, patches, targets. */
export function sizes({ prefix, sequences }: PackedGroup): { rows: number; patches: number; targets: number } {
  const found = { rows: prefix.tokens.length, patches: patchesOf(prefix.images), targets: 0 };
  for (const sequence of sequences) {
    found.rows += rowsOf(sequence);
    found.patches += patchesOf(sequence.images);
    found.targets += sequence.targets.length;
  }
  return found;
}

function patchesOf(images: readonly InputImage[]): number {
  let patches = 0;
  for (const { grid } of images) patches += patchCount(grid);
  return patches;
}

/** Rows that a sequence needs: up to the last one that predicts something. */
function rowsOf({ targets }: Sequence): number {
  let rows = 0;
  for (const { at } of targets) rows = Math.max(rows, at + 1);
  return rows;
}

/**
 * Packs groups one after another: the prefix once, then the sequences, which attend to the prefix and to themselves.
 * A token that predicts nothing and that no token attends to is left out (the last one of a rollout).
 * @param packer  filled anew, and what is returned is in it
 */
export function pack(
  groups: readonly PackedGroup[],
  imageTokenId: number,
  mergeSize: number,
  packer = new RowPacker(imageTokenId),
): Packed {
  packer.clear();
  const { rows } = packer;
  const { querySpans, keySpans } = rows;
  const targetRows: number[] = [];
  const targets: Target[] = [];
  const sequenceSpans: number[] = [];
  let next = 0;
  const put = (tokens: readonly number[], images: readonly InputImage[], start: number, count: number) => {
    const grids = images.map(({ grid }) => grid);
    next = appendRopePositions({ tokens, imageTokenId, grids, mergeSize, start, count }, rows);
    return packer.put({ tokens, images }, count);
  };

  for (const { prefix, sequences } of groups) {
    const [p0, p1] = put(prefix.tokens, prefix.images, 0, prefix.tokens.length);
    const start = next;
    const keysFrom = keySpans.length;
    for (let i = p0; i < p1; i++) {
      querySpans.push4(p0, i + 1, 0, 0);
      keySpans.push4(i, p1, p1, p1);
    }
    for (const sequence of sequences) {
      const count = rowsOf(sequence);
      const shown = imagesWithin(sequence, count, imageTokenId, mergeSize);
      const [s0, s1] = put(sequence.tokens, shown, start, count);
      for (let i = s0; i < s1; i++) {
        querySpans.push4(p0, p1, s0, i + 1);
        keySpans.push4(i, s1, 0, 0);
      }
      const first = targets.length;
      for (const target of sequence.targets) {
        targetRows.push(target.at < 0 ? p1 - 1 : s0 + target.at);
        targets.push(target);
      }
      if (targets.length > first) sequenceSpans.push(first, targets.length);
    }
    for (let i = 0; i < p1 - p0; i++) keySpans.set(keysFrom + i * 4 + 3, packer.length);
  }
  return { rows: packer.values, images: packer.images, targetRows, targets, sequenceSpans };
}

/** The pictures whose tokens all stand in the first `count` tokens. */
function imagesWithin(
  { tokens, images }: Sequence,
  count: number,
  imageTokenId: number,
  mergeSize: number,
): readonly InputImage[] {
  // Nearly always only the token that closes the last turn is left out.
  if (images.length === 0 || tokens.indexOf(imageTokenId, count) < 0) return images;
  let left = 0;
  for (let i = 0; i < count; i++) if (tokens[i] === imageTokenId) left++;
  const within: InputImage[] = [];
  for (const image of images) {
    const tokensOfImage = imageTokenCount(image.grid, mergeSize);
    if (tokensOfImage > left) break;
    left -= tokensOfImage;
    within.push(image);
  }
  return within;
}
