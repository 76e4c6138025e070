import type { Chunks, Vec4sInChunk } from "./weight_kernels.ts";

/**
 * A workgroup of product_thin.wgsl: its rows and outputs, chunks of each part of a sum in a tile, threads, and the rows
 * (`each`) and outputs (`side`) that a thread sums.
 */
export type ThinShape = [rows: number, outputs: number, tile: number, threads: number, each: number, side: number];

/** For one row, two, up to four, up to eight, and more rows. */
type ByRows = readonly [ThinShape, ThinShape, ThinShape, ThinShape, ThinShape];

/**
 * The fastest of some twenty shapes each on an H200, for 2,048 -> 11,008 and back (LOG.md), by vec4 in a chunk: f32 has one,
 * bf16 and f16 two, i8 four, i4 and NF4 eight. Fewer outputs mean fewer workgroups: larger tiles then keep as many loads
 * in flight.
 */
const manyOutputs: Readonly<Record<Vec4sInChunk, ByRows>> = {
  1: [
    [1, 16, 16, 64, 1, 1],
    [2, 32, 8, 128, 2, 1],
    [4, 16, 8, 128, 2, 1],
    [8, 32, 4, 256, 4, 1],
    [16, 16, 8, 256, 4, 1],
  ],
  2: [
    [1, 16, 4, 64, 1, 1],
    [2, 32, 4, 128, 2, 1],
    [4, 32, 4, 256, 2, 1],
    [8, 32, 2, 256, 4, 1],
    [16, 16, 4, 256, 4, 1],
  ],
  4: [
    [1, 16, 4, 64, 1, 1],
    [2, 32, 2, 128, 2, 1],
    [4, 32, 1, 64, 4, 2],
    [8, 32, 1, 128, 8, 1],
    [16, 32, 1, 128, 8, 2],
  ],
  8: [
    [1, 16, 4, 64, 1, 1],
    [2, 16, 2, 64, 2, 1],
    [4, 16, 1, 64, 4, 1],
    [8, 32, 1, 128, 8, 1],
    [16, 32, 1, 128, 8, 2],
  ],
};
const fewerOutputs: Readonly<Record<Vec4sInChunk, ByRows>> = {
  1: [
    [1, 8, 32, 64, 1, 1],
    [2, 16, 16, 128, 1, 1],
    [4, 16, 16, 128, 2, 1],
    [8, 32, 4, 256, 4, 1],
    [16, 16, 8, 256, 4, 1],
  ],
  2: [
    [1, 16, 16, 64, 1, 1],
    [2, 16, 16, 128, 1, 1],
    [4, 16, 16, 128, 2, 1],
    [8, 32, 2, 256, 4, 1],
    [16, 16, 4, 256, 4, 1],
  ],
  4: [
    [1, 8, 16, 64, 1, 1],
    [2, 16, 8, 128, 1, 1],
    [4, 16, 8, 128, 2, 1],
    [8, 32, 1, 128, 8, 1],
    [16, 16, 1, 128, 4, 2],
  ],
  8: [
    [1, 8, 8, 64, 1, 1],
    [2, 16, 4, 128, 1, 1],
    [4, 16, 4, 128, 2, 1],
    [8, 32, 1, 256, 4, 1],
    [16, 16, 1, 128, 8, 1],
  ],
};
const mostFewerOutputs = 4096;

/** Products with at most this many outputs, and sums of at least this length, have too few workgroups to hide latency. */
const mostFewOutputs = 256;
const leastLongSum = 1024;

/** Large tiles in as many workgroups as possible: an adapter's first matrix has a dozen or two outputs. */
function fewOutputs(N: number, vec4s: Vec4sInChunk): ThinShape {
  const tile = (chunks: number) => Math.max(1, chunks / vec4s);
  if (N === 1) return [1, 4, tile(64), 64, 1, 1];
  if (N <= 4) return N === 2 ? [2, 4, tile(32), 64, 1, 1] : [4, 4, tile(32), 64, 1, 1];
  return N <= 16 ? [8, 8, tile(16), 128, 2, 1] : [8, 16, tile(16), 128, 4, 1];
}

function shapeFor(N: number, O: number, I: number, vec4s: Vec4sInChunk): ThinShape {
  if (O <= mostFewOutputs && I >= leastLongSum) return fewOutputs(N, vec4s);
  const shapes = (O <= mostFewerOutputs ? fewerOutputs : manyOutputs)[vec4s];
  return shapes[N === 1 ? 0 : N === 2 ? 1 : N <= 4 ? 2 : N <= 8 ? 3 : 4];
}

/** Constants of product_thin.wgsl for N rows, O outputs and sums over I, of a weight in such chunks. */
export const thinSizes = (N: number, O: number, I: number, { vec4s, scaled }: Omit<Chunks, "shader">) =>
  thinSizesOf(shapeFor(N, O, I, vec4s), vec4s, scaled);

/** The same for a shape. LOADS, X_LOADS: chunks and vec4 of x that a thread loads of a tile; PLACES: outputs it finishes. */
export function thinSizesOf([ROWS, OUTS, TILE, THREADS, EACH, SIDE]: ThinShape, CHUNK: number, scaled: boolean) {
  return {
    CHUNK,
    SCALES: scaled ? TILE * OUTS * 4 : 1,
    ROWS,
    OUTS,
    TILE,
    THREADS,
    EACH,
    SIDE,
    // Chunks of a tile that are unrolled.
    STEP: Math.min(TILE, 16 / CHUNK),
    LOADS: Math.ceil((TILE * OUTS * 4) / THREADS),
    X_LOADS: Math.ceil((TILE * CHUNK * ROWS * 4) / THREADS),
    PLACES: Math.ceil((ROWS * OUTS) / THREADS),
    // ROWS where they are normalized: `withNorm`.
    NORM_ROWS: 1,
  };
}

/** The same constants where the product is of normalized rows. */
export const withNorm = <Sizes extends { ROWS: number }>(sizes: Sizes): Sizes & { NORM_ROWS: number } => ({
  ...sizes,
  NORM_ROWS: sizes.ROWS,
});
