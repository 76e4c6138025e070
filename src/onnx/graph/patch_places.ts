import type { VisionConfig } from "../../model/config.ts";
import type { GraphBuilder } from "./builder.ts";
import type { Value } from "./graph.ts";

/** Where the patches of all pictures stand: int64 of one number a patch, where nothing else is said. */
export interface PatchPlaces {
  /** Patches in all. */
  count: Value;
  /** 0, 1, 2 ... */
  index: Value;
  /** Rows and columns of patches in the patch's picture. */
  height: Value;
  width: Value;
  row: Value;
  column: Value;
  /** The patch's merge block in its frame, and its place in that. */
  blockRow: Value;
  blockColumn: Value;
  withinBlock: Value;
  /** Of its picture. */
  frame: Value;
  /** Counted over all pictures: patches of a frame attend to each other. */
  segment: Value;
  /** What a list of one number a picture says of the patch's picture. */
  of(perPicture: Value): Value;
  /** Numbers of all pictures before each, of one a picture. */
  before(perPicture: Value): Value;
  frames: Value;
  heights: Value;
  widths: Value;
}

/** Arithmetic of whole numbers, which the CPU does wherever the graph runs. */
export const whole = (b: GraphBuilder) => ({
  add: (x: Value, y: Value) => b.op("Add", [x, y]),
  less: (x: Value, y: Value) => b.op("Sub", [x, y]),
  times: (x: Value, y: Value) => b.op("Mul", [x, y]),
  over: (x: Value, y: Value) => b.op("Div", [x, y]),
  rest: (x: Value, y: Value) => b.op("Mod", [x, y]),
});

/**
 * The order of the processor: pictures one after another, frames, merge blocks row by row, patches row by row within a block
 * (src/model/positions.ts, patchCoordinates).
 * @param pixels (P, ...)
 * @param grids  int64 (pictures, 3): frames, rows and columns of patches
 */
export function patchPlaces(
  b: GraphBuilder,
  pixels: Value,
  grids: Value,
  { spatialMergeSize }: VisionConfig,
): PatchPlaces {
  const { add, less, times, over, rest } = whole(b);
  const column = (i: number) => b.op("Gather", [grids, b.int(i)], { axis: { int: 1 } });
  const [frames, heights, widths] = [column(0), column(1), column(2)];
  const before = (perPicture: Value) => b.op("CumSum", [perPicture, b.int(0)], { exclusive: { int: 1 } });
  const count = b.op("Gather", [b.op("Shape", [pixels]), b.int(0)]);
  const index = b.op("Range", [b.int(0), count, b.int(1)]);

  const inFrame = times(heights, widths);
  const starts = before(times(frames, inFrame));
  // The last picture that begins at the patch or before it.
  const begun = b.op("GreaterOrEqual", [
    b.op("Unsqueeze", [index, b.ints([1])]),
    b.op("Unsqueeze", [starts, b.ints([0])]),
  ]);
  const begunBefore = b.op("ReduceSum", [b.cast(begun, "int64"), b.ints([1])], { keepdims: { int: 0 } });
  const picture = less(begunBefore, b.int(1));
  const of = (perPicture: Value) => b.op("Gather", [perPicture, picture]);

  const place = less(index, of(starts));
  const patchesOfFrame = of(inFrame);
  const frame = over(place, patchesOfFrame);
  const inside = rest(place, patchesOfFrame);
  const merge = b.int(spatialMergeSize);
  const block = over(inside, b.int(spatialMergeSize ** 2));
  const withinBlock = rest(inside, b.int(spatialMergeSize ** 2));
  const width = of(widths);
  const blockColumns = over(width, merge);
  const blockRow = over(block, blockColumns);
  const blockColumn = rest(block, blockColumns);
  return {
    count,
    index,
    height: of(heights),
    width,
    row: add(times(blockRow, merge), over(withinBlock, merge)),
    column: add(times(blockColumn, merge), rest(withinBlock, merge)),
    blockRow,
    blockColumn,
    withinBlock,
    frame,
    segment: add(of(before(frames)), frame),
    of,
    before,
    frames,
    heights,
    widths,
  };
}
