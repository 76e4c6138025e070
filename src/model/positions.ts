/** Patches of one picture: frames, rows and columns of patches (before merging). */
export interface Grid {
  t: number;
  h: number;
  w: number;
}

/** The order of a picture's patches in the vision tower. */
export interface PatchOrder {
  /** At each place, the patch's index in the processor's order. */
  patches: Uint32Array;
  /** Where the ranges of patches end that attend to each other in blocks without full attention, ascending. */
  windowEnds: readonly number[];
}

/** Positions (time, height, width) of tokens, and the position of the token after it. */
export interface RopePositions {
  t: number[];
  h: number[];
  w: number[];
  next: number;
}

/** Where numbers are appended. */
interface Appended {
  push(number: number): unknown;
}

/** Patches of a picture before merging. */
export const patchCount = ({ t, h, w }: Grid): number => t * h * w;

/** Longest conversation, in M-RoPE positions: as far as the text's rotary table reaches. */
export const maxPositions = 32_768;

/** Most rows or columns of patches in a picture: as far as the vision tower's rotary table reaches. */
export const maxPatchSide = 4096;

/** Image tokens of a picture after merging. */
export const imageTokenCount = (grid: Grid, mergeSize: number): number => patchCount(grid) / mergeSize ** 2;

/**
 * M-RoPE positions of tokens, the first of which is at `start`: text counts on in all three axes, a picture's
 * tokens share one time and count rows and columns, and text goes on after the larger of the two
 * (transformers, `get_rope_index` of Qwen3-VL).
 *
 * @throws Error where image tokens and pictures do not match
 */
export function ropePositions(placed: PlacedText): RopePositions {
  const along = { t: [], h: [], w: [] } satisfies Record<string, number[]>;
  return { ...along, next: appendRopePositions(placed, along) };
}

/** Tokens with the pictures in them. */
interface PlacedText {
  tokens: readonly number[];
  imageTokenId: number;
  grids: readonly Grid[];
  mergeSize: number;
  /** Position of the first token, 0 by default. */
  start?: number;
  /** Tokens that are placed; all by default. */
  count?: number;
}

/** The same behind what is there already. @returns the position of the token behind the last one @throws as ropePositions */
export function appendRopePositions(
  { tokens, imageTokenId, grids, mergeSize, start = 0, count = tokens.length }: PlacedText,
  { t, h, w }: Record<"t" | "h" | "w", Appended>,
): number {
  let next = start;
  let picture = 0;
  for (let i = 0; i < count; ) {
    if (tokens[i] !== imageTokenId) {
      t.push(next);
      h.push(next);
      w.push(next);
      next++;
      i++;
      continue;
    }
    const grid = grids[picture++];
    if (!grid) throw new Error(`the text shows ${picture} pictures or more, ${grids.length} were given`);
    const rows = grid.h / mergeSize;
    const columns = grid.w / mergeSize;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++, i++) {
        if (i >= count || tokens[i] !== imageTokenId)
          throw new Error(`picture ${picture - 1} has ${rows * columns} image tokens, the text has fewer in a row`);
        t.push(next);
        h.push(next + row);
        w.push(next + column);
      }
    next += Math.max(rows, columns);
  }
  if (next > maxPositions)
    throw new Error(
      `A conversation may reach M-RoPE position ${maxPositions}, this one reaches ${next}; show smaller pictures or fewer tokens`,
    );
  if (picture !== grids.length) throw new Error(`${grids.length} pictures were given, the text shows ${picture}`);
  return next;
}

/** Row and column of every patch in the processor's order: merge blocks row by row, patches row by row within a block. */
export function patchCoordinates(grid: Grid, mergeSize: number): { row: Uint32Array; column: Uint32Array } {
  const row = new Uint32Array(patchCount(grid));
  const column = new Uint32Array(patchCount(grid));
  let p = 0;
  for (let frame = 0; frame < grid.t; frame++)
    for (let blockRow = 0; blockRow < grid.h; blockRow += mergeSize)
      for (let blockColumn = 0; blockColumn < grid.w; blockColumn += mergeSize)
        for (let y = 0; y < mergeSize; y++)
          for (let x = 0; x < mergeSize; x++, p++) {
            row[p] = blockRow + y;
            column[p] = blockColumn + x;
          }
  return { row, column };
}

/** Patches in the processor's order; those of a frame attend to each other. */
export const processorOrder = (grid: Grid): PatchOrder => ({
  patches: Uint32Array.from({ length: patchCount(grid) }, (_, p) => p),
  windowEnds: Array.from({ length: grid.t }, (_, frame) => (frame + 1) * grid.h * grid.w),
});

/** Which axis (0 time, 1 height, 2 width) turns each rotary pair where the axes alternate: t h w t h w ... then t. */
export function interleavedAxes(pairs: number, [, height, width]: readonly [number, number, number]): Uint32Array {
  const axes = new Uint32Array(pairs);
  for (let i = 1; i < height * 3; i += 3) axes[i] = 1;
  for (let i = 2; i < width * 3; i += 3) axes[i] = 2;
  return axes;
}

/** The same where they come in blocks: all pairs of time, then of height, then of width. */
export function blockAxes(sections: readonly [number, number, number]): Uint32Array {
  return Uint32Array.from(sections.flatMap((count, axis) => new Array<number>(count).fill(axis)));
}
