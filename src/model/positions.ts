import type { Qwen3Vision, Qwen25Vision, VisionConfig } from "./config.ts";

/** Patches of one picture: frames, rows and columns of patches (before merging). */
export interface Grid {
  t: number;
  h: number;
  w: number;
}

/** Positions (time, height, width) of a stretch of tokens, and the position of the token after it. */
export interface RopePositions {
  t: number[];
  h: number[];
  w: number[];
  next: number;
}

/** Longest conversation, in M-RoPE positions: as far as the text's rotary table reaches. */
export const maxPositions = 32_768;

/** Most rows or columns of patches in a picture: as far as the vision tower's rotary table reaches. */
export const maxPatchSide = 4096;

/** Image tokens of a picture after merging. */
export const imageTokenCount = (grid: Grid, mergeSize: number): number =>
  (grid.t * grid.h * grid.w) / (mergeSize * mergeSize);

/**
 * M-RoPE positions of a stretch of tokens that begins at `start`: text counts on in all three axes, a picture's
 * tokens share one time and count rows and columns, and text goes on after the larger of the two
 * (transformers, `get_rope_index` of Qwen3-VL).
 *
 * @throws Error where image tokens and pictures do not match
 */
export function ropePositions(
  tokens: readonly number[],
  imageTokenId: number,
  grids: readonly Grid[],
  mergeSize: number,
  start = 0,
): RopePositions {
  const t: number[] = [];
  const h: number[] = [];
  const w: number[] = [];
  let next = start;
  let picture = 0;
  for (let i = 0; i < tokens.length; ) {
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
        if (tokens[i] !== imageTokenId)
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
  return { t, h, w, next };
}

/** Row and column of every patch in the processor's order: merge blocks row by row, patches row by row within a block. */
export function patchCoordinates(grid: Grid, mergeSize: number): { row: Uint32Array; column: Uint32Array } {
  const count = grid.t * grid.h * grid.w;
  const row = new Uint32Array(count);
  const column = new Uint32Array(count);
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

/** torch.linspace(0, end, count) in float32: from both ends towards the middle, as torch computes it. */
function linspace(end: number, count: number): Float32Array {
  const step = Math.fround(end / Math.max(1, count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? Math.fround(step * i) : Math.fround(end - Math.fround(step * (count - 1 - i))),
  );
}

/**
 * Where each patch reads the learned position table: four rows and their bilinear weights, in float32 as
 * transformers computes them (`fast_pos_embed_interpolate` of Qwen3-VL).
 *
 * @returns index and weight, each (P, 4)
 */
export function tablePositions(
  grid: Grid,
  { numPositionEmbeddings, spatialMergeSize }: Qwen3Vision,
): { index: Uint32Array; weight: Float32Array } {
  const side = Math.sqrt(numPositionEmbeddings);
  const along = (count: number) => {
    const at = linspace(side - 1, count);
    const low = Uint32Array.from(at, Math.trunc);
    return { low, high: low.map((v) => Math.min(v + 1, side - 1)), part: at.map((v, i) => Math.fround(v - low[i]!)) };
  };
  const vertical = along(grid.h);
  const horizontal = along(grid.w);
  const { row, column } = patchCoordinates(grid, spatialMergeSize);
  const index = new Uint32Array(row.length * 4);
  const weight = new Float32Array(row.length * 4);
  row.forEach((y, p) => {
    const x = column[p]!;
    const [top, bottom, dy] = [vertical.low[y]! * side, vertical.high[y]! * side, vertical.part[y]!];
    const [left, right, dx] = [horizontal.low[x]!, horizontal.high[x]!, horizontal.part[x]!];
    const both = Math.fround(dy * dx);
    index.set([top + left, top + right, bottom + left, bottom + right], p * 4);
    weight.set(
      [Math.fround(1 - dy) * Math.fround(1 - dx), Math.fround(1 - dy) * dx, dy * Math.fround(1 - dx), both],
      p * 4,
    );
  });
  return { index, weight };
}

/** Which axis (0 time, 1 height, 2 width) turns each of the D/2 rotary pairs of Qwen3-VL's text: t h w t h w ... then t. */
export function interleavedAxes(headDim: number, [, height, width]: readonly [number, number, number]): Uint32Array {
  const axes = new Uint32Array(headDim / 2);
  for (let i = 1; i < height * 3; i += 3) axes[i] = 1;
  for (let i = 2; i < width * 3; i += 3) axes[i] = 2;
  return axes;
}

/** The same for Qwen2.5-VL's text: all pairs of time, then of height, then of width. */
export function blockAxes(sections: readonly [number, number, number]): Uint32Array {
  return Uint32Array.from(sections.flatMap((count, axis) => new Array<number>(count).fill(axis)));
}

/**
 * Merge blocks of a picture in an order in which every window of attention is a stretch (transformers,
 * `get_window_index` of Qwen2.5-VL): windows row by row, blocks row by row within. Windows at the right and lower edge
 * are smaller where none divides the picture.
 *
 * @returns order: the block of the processor's order at each place; spans: begin and end of its window, in places
 */
export function windowOrder(
  grid: Grid,
  { windowSize, patchSize, spatialMergeSize }: Qwen25Vision,
): { order: Uint32Array; spans: Uint32Array } {
  const side = Math.floor(Math.floor(windowSize / spatialMergeSize) / patchSize);
  const rows = grid.h / spatialMergeSize;
  const columns = grid.w / spatialMergeSize;
  const order = new Uint32Array(grid.t * rows * columns);
  const spans = new Uint32Array(order.length * 2);
  let at = 0;
  for (let frame = 0; frame < grid.t; frame++)
    for (let top = 0; top < rows; top += side)
      for (let left = 0; left < columns; left += side) {
        const begin = at;
        for (let row = top; row < Math.min(top + side, rows); row++)
          for (let column = left; column < Math.min(left + side, columns); column++)
            order[at++] = (frame * rows + row) * columns + column;
        for (let place = begin; place < at; place++) spans.set([begin, at], place * 2);
      }
  return { order, spans };
}

/** The patch of the processor's order that stands at each place in the vision tower: Qwen2.5-VL's go window by window. */
export function patchOrder(grid: Grid, vision: VisionConfig): Uint32Array {
  const count = grid.t * grid.h * grid.w;
  if (vision.family !== "qwen2_5_vl") return Uint32Array.from({ length: count }, (_, p) => p);
  const unit = vision.spatialMergeSize ** 2;
  const { order } = windowOrder(grid, vision);
  return Uint32Array.from({ length: count }, (_, p) => order[Math.floor(p / unit)]! * unit + (p % unit));
}
