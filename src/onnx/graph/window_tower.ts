import type { VisionConfig } from "../../model/config.ts";
import { visionPrefix } from "../../model/names.ts";
import type { Value } from "./graph.ts";
import { addThenRmsNorm, rmsNorm } from "./norms.ts";
import { whole } from "./patch_places.ts";
import {
  type Attending,
  attendPatches,
  blockName,
  embedPatches,
  joinMergeBlocks,
  mostNegative,
  project,
  type VisionPass,
  wholeFrames,
} from "./tower_parts.ts";

/** A tower with RMSNorm and gated layers, whose patches attend to their window in all blocks but some. */
export interface WindowVision extends VisionConfig {
  /** Side of a window, pixels. */
  windowSize: number;
  fullattBlockIndexes: readonly number[];
}

/** RMSNorm epsilon of the tower; a constant in transformers' modelling file. */
const eps = 1e-6;

export function windowTower(pass: VisionPass<WindowVision>, pixels: Value): Value[] {
  const { b, config } = pass;
  const { depth, fullattBlockIndexes } = config;
  const merger = `${visionPrefix}merger`;
  const isFull = (i: number) => fullattBlockIndexes.includes(i);
  const blocks = Array.from({ length: depth }, (_, i) => i);
  const frames = blocks.some(isFull) ? wholeFrames(pass) : null;
  const ofWindows = blocks.every(isFull) ? null : windows(pass);
  let residual = embedPatches(pass, pixels);
  let normed = rmsNorm(b, residual, b.rows(`${blockName(0)}.norm1.weight`), eps);
  for (const i of blocks) {
    const name = blockName(i);
    const attending = (isFull(i) ? frames : ofWindows)!;
    const attended = attendPatches(pass, `${name}.attn`, normed, attending);
    const middle = addThenRmsNorm(b, { x: attended, residual, weight: b.rows(`${name}.norm2.weight`), eps });
    const gate = b.silu(b.linear(middle.normed, `${name}.mlp.gate_proj`));
    const up = b.linear(middle.normed, `${name}.mlp.up_proj`);
    const out = b.linear(b.op("Mul", [gate, up]), `${name}.mlp.down_proj`);
    const next = i + 1 < depth ? `${blockName(i + 1)}.norm1` : `${merger}.ln_q`;
    const weight = b.rows(`${next}.weight`);
    ({ normed, sum: residual } = addThenRmsNorm(b, { x: out, residual: middle.sum, weight, eps }));
  }
  return [project(b, joinMergeBlocks(pass, normed), `${merger}.mlp.0`, `${merger}.mlp.2`, "none")];
}

/**
 * Windows as sequences of one length: what a window at the edge of a picture lacks is patch 0, which no one attends to there.
 * Patches stay in the processor's order around it (src/model orders them by windows all through the tower).
 */
function windows({ b, config, places, cos, sin }: VisionPass<WindowVision>): Attending {
  const { add, times, over, rest } = whole(b);
  const { windowSize, patchSize, spatialMergeSize: merge } = config;
  const blocks = Math.floor(Math.floor(windowSize / merge) / patchSize);
  const length = (blocks * merge) ** 2;
  const side = b.int(blocks);
  const windowsOf = (patches: Value) => over(add(over(patches, b.int(merge)), b.int(blocks - 1)), side);
  const columns = windowsOf(places.widths);
  const inFrame = times(windowsOf(places.heights), columns);
  const inPicture = times(places.frames, inFrame);

  const first = add(places.of(places.before(inPicture)), times(places.frame, places.of(inFrame)));
  const inRow = times(over(places.blockRow, side), places.of(columns));
  const window = add(first, add(inRow, over(places.blockColumn, side)));
  const blockInWindow = add(times(rest(places.blockRow, side), side), rest(places.blockColumn, side));
  const slot = add(times(window, b.int(length)), add(times(blockInWindow, b.int(merge ** 2)), places.withinBlock));

  const slotCount = times(b.op("ReduceSum", [inPicture, b.ints([0])], { keepdims: { int: 0 } }), b.int(length));
  const list = b.ints([1]);
  const empty = b.op("Expand", [b.int(0), b.op("Reshape", [slotCount, list])]);
  const put = (values: Value) => b.op("ScatterElements", [empty, slot, values], { axis: { int: 0 } });
  const index = put(places.index);
  const taken = put(b.op("Expand", [b.int(1), b.op("Reshape", [places.count, list])]));
  const slots = b.ints([-1, length]);
  const gather = b.op("Reshape", [index, slots]);

  // Each patch of a window sees the same ones: one row of the mask is all of them.
  const bias = b.op("Where", [
    b.op("Equal", [b.op("Reshape", [b.cast(taken, "int32"), b.ints([-1, 1, 1, length])]), b.int32(1)]),
    b.number(0),
    b.number(mostNegative(b)),
  ]);
  const all = b.op("Range", [b.int(0), slotCount, b.int(1)]);
  return {
    shape: [-1, length],
    gather,
    restore: slot,
    cos: b.op("Gather", [cos, index]),
    sin: b.op("Gather", [sin, index]),
    rows: b.op("Reshape", [all, slots]),
    bias: b.op("Expand", [bias, b.ints([1, 1, length, 1])]),
  };
}
