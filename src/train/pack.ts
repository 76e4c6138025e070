import { type Grid, imageTokenCount, ropePositions } from "../model/positions.ts";
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
  rows: TextRowValues & { keySpans: number[] };
  images: InputImage[];
  /** Row of the hidden state that predicts each target. */
  targetRows: number[];
  targets: Target[];
  /** For each sequence with targets, its first one and the one behind its last, one pair after another. */
  sequenceSpans: number[];
}

/** What a group takes: rows of text, patches, targets. */
export function sizes(group: PackedGroup): { rows: number; patches: number; targets: number } {
  const images = [...group.prefix.images, ...group.sequences.flatMap((s) => s.images)];
  return {
    rows: group.prefix.tokens.length + group.sequences.reduce((n, s) => n + rowsOf(s), 0),
    patches: images.reduce((n, { grid }) => n + grid.t * grid.h * grid.w, 0),
    targets: group.sequences.reduce((n, s) => n + s.targets.length, 0),
  };
}

/** Rows that a sequence needs: up to the last one that predicts something. */
const rowsOf = ({ targets }: Sequence): number => targets.reduce((n, t) => Math.max(n, t.at + 1), 0);

/**
 * Packs groups one after another: the prefix once, then the sequences, which attend to the prefix and to themselves.
 * A token that predicts nothing and that no token attends to is left out (the last one of a rollout).
 */
export function pack(groups: readonly PackedGroup[], imageTokenId: number, mergeSize: number): Packed {
  const packer = new RowPacker(imageTokenId);
  const { querySpans, keySpans } = packer.rows;
  const packed: Packed = { rows: packer.rows, images: packer.images, targetRows: [], targets: [], sequenceSpans: [] };
  const put = (tokens: readonly number[], images: readonly InputImage[], start: number) => {
    const grids = images.map((i) => i.grid);
    const { next } = ropePositions({ tokens, imageTokenId, grids, mergeSize, start, into: packer.rows });
    return { rows: packer.put({ tokens, images }), next };
  };

  for (const { prefix, sequences } of groups) {
    const {
      rows: [p0, p1],
      next: start,
    } = put(prefix.tokens, prefix.images, 0);
    const keysFrom = keySpans.length;
    for (let i = p0; i < p1; i++) {
      querySpans.push(p0, i + 1, 0, 0);
      keySpans.push(i, p1, p1, p1);
    }
    for (const sequence of sequences) {
      const count = rowsOf(sequence);
      const shown = imagesWithin(sequence, count, imageTokenId, mergeSize);
      const [s0, s1] = put(sequence.tokens.slice(0, count), shown, start).rows;
      for (let i = s0; i < s1; i++) {
        querySpans.push(p0, p1, s0, i + 1);
        keySpans.push(i, s1, 0, 0);
      }
      const first = packed.targets.length;
      for (const target of sequence.targets) {
        packed.targetRows.push(target.at < 0 ? p1 - 1 : s0 + target.at);
        packed.targets.push(target);
      }
      if (packed.targets.length > first) packed.sequenceSpans.push(first, packed.targets.length);
    }
    for (let i = 0; i < p1 - p0; i++) keySpans[keysFrom + i * 4 + 3] = packer.length;
  }
  return packed;
}

/** The pictures whose tokens all stand in the first `count` tokens. */
function imagesWithin(
  { tokens, images }: Sequence,
  count: number,
  imageTokenId: number,
  mergeSize: number,
): readonly InputImage[] {
  if (images.length === 0 || count >= tokens.length) return images;
  let left = tokens.slice(0, count).filter((t) => t === imageTokenId).length;
  const within: InputImage[] = [];
  for (const image of images) {
    const tokensOfImage = imageTokenCount(image.grid as Grid, mergeSize);
    if (tokensOfImage > left) break;
    left -= tokensOfImage;
    within.push(image);
  }
  return within;
}
