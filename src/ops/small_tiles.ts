/**
 * A workgroup of product_small.wgsl: its rows and columns, how many vec4 of rows and of columns a thread has, and the length of a
 * tile along the sum.
 */
export type SmallTile = readonly [rows: number, columns: number, high: 1 | 2, wide: 1 | 2, depth: number];

/** The fastest of fourteen on an H200, for all products of the shipped model together (LOG.md). */
export const smallTile: SmallTile = [64, 64, 1, 2, 16];

/** Longest row of a weight for which that was measured. */
const longestRow = 512;

/** The tile for products with a weight of these sides; null where product.wgsl's kernels are used. Only time depends on it. */
export const smallTileFor = (O: number, I: number): SmallTile | null =>
  Math.max(O, I) <= longestRow ? smallTile : null;

/**
 * Constants of product_small.wgsl. LEFT_LOADS, RIGHT_LOADS: vec4 of a tile of each factor that a thread loads; OUTS: vec4 of sums that
 * it has.
 *
 * @throws RangeError where the threads of a workgroup cannot share that work evenly, or a thread would not have gate and up
 */
export function smallSizes([ROWS, COLUMNS, HIGH, WIDE, DEPTH]: SmallTile, isGated = false) {
  if (isGated && WIDE !== 2)
    throw new RangeError(`A thread of the product of a gate and up must be two vec4 wide, this one is ${WIDE}`);
  const BROAD = COLUMNS / (4 * WIDE);
  const TALL = ROWS / (4 * HIGH);
  const THREADS = BROAD * TALL;
  const [LEFT_LOADS, RIGHT_LOADS] = [(ROWS * DEPTH) / 4 / THREADS, (COLUMNS * DEPTH) / 4 / THREADS];
  const isEven = BROAD % 8 === 0 && TALL % 4 === 0 && THREADS % 64 === 0 && THREADS <= 256;
  // Sums of a bias's gradient are put into the memory of the left tile.
  if (!isEven || LEFT_LOADS % 1 !== 0 || RIGHT_LOADS % 1 !== 0 || DEPTH % 8 !== 0 || THREADS > (DEPTH * ROWS) / 4)
    throw new RangeError(
      `No workgroup has a tile of ${ROWS} x ${COLUMNS} x ${DEPTH} with ${4 * HIGH} x ${4 * WIDE} a thread`,
    );
  return {
    ROWS,
    COLUMNS,
    HIGH,
    WIDE,
    DEPTH,
    THREADS,
    LEFT_LOADS,
    RIGHT_LOADS,
    OWN_ROWS: 4 * HIGH,
    OUTS: 4 * HIGH * WIDE,
  };
}
