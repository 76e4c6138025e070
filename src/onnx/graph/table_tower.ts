import type { VisionConfig } from "../../model/config.ts";
import { visionPrefix } from "../../model/names.ts";
import type { GraphBuilder } from "./builder.ts";
import type { Value } from "./graph.ts";
import { addThenLayerNorm, layerNorm } from "./norms.ts";
import { whole } from "./patch_places.ts";
import {
  attendPatches,
  blockName,
  embedPatches,
  joinMergeBlocks,
  project,
  type VisionPass,
  wholeFrames,
} from "./tower_parts.ts";

/** A tower with a learned table of positions, LayerNorm, and features for the text after some blocks. */
export interface TableVision extends VisionConfig {
  numPositionEmbeddings: number;
  deepstackVisualIndexes: readonly number[];
}

/** LayerNorm epsilon of the tower; a constant in transformers' modelling file. */
const eps = 1e-6;

export function tableTower(pass: VisionPass<TableVision>, pixels: Value): Value[] {
  const { b, config } = pass;
  const { depth, deepstackVisualIndexes } = config;
  const merger = `${visionPrefix}merger`;
  const normOf = (module: string) => ({ weight: b.rows(`${module}.weight`), bias: b.rows(`${module}.bias`), eps });
  const attending = wholeFrames(pass);
  let residual = b.op("Add", [embedPatches(pass, pixels), fromTable(pass)]);
  const first = normOf(`${blockName(0)}.norm1`);
  let normed = layerNorm(b, residual, first.weight, first.bias, eps);
  const features: Value[] = [];
  for (let i = 0; i < depth; i++) {
    const name = blockName(i);
    const attended = attendPatches(pass, `${name}.attn`, normed, attending);
    const middle = addThenLayerNorm(b, { x: attended, residual, ...normOf(`${name}.norm2`) });
    const out = project(b, middle.normed, `${name}.mlp.linear_fc1`, `${name}.mlp.linear_fc2`, "tanh");
    const next = i + 1 < depth ? `${blockName(i + 1)}.norm1` : `${merger}.norm`;
    ({ normed, sum: residual } = addThenLayerNorm(b, { x: out, residual: middle.sum, ...normOf(next) }));
    const feature = deepstackVisualIndexes.indexOf(i);
    if (feature >= 0) features[feature] = mergeThenNorm(pass, residual, feature);
  }
  const tokens = project(b, joinMergeBlocks(pass, normed), `${merger}.linear_fc1`, `${merger}.linear_fc2`, "none");
  return [tokens, ...features];
}

function mergeThenNorm(pass: VisionPass, x: Value, feature: number): Value {
  const { b } = pass;
  const module = `${visionPrefix}deepstack_merger_list.${feature}`;
  const norm = `${module}.norm`;
  const normed = layerNorm(b, joinMergeBlocks(pass, x), b.rows(`${norm}.weight`), b.rows(`${norm}.bias`), eps);
  return project(b, normed, `${module}.linear_fc1`, `${module}.linear_fc2`, "none");
}

/** Rows or columns of the table between which a patch lies, and how far from the first. */
interface Between {
  low: Value;
  high: Value;
  part: Value;
  /** 1 - part */
  rest: Value;
}

/**
 * torch.linspace(0, side - 1, count) at a place, in float32 and from both ends towards the middle, as
 * src/model/families has it for the same table.
 */
function between(b: GraphBuilder, side: number, place: Value, count: Value): Between {
  const { less } = whole(b);
  const float = (x: Value) => b.cast(x, "float32");
  const one = b.float32(Float32Array.of(1), []);
  const end = b.float32(Float32Array.of(side - 1), []);
  const steps = b.op("Max", [less(count, b.int(1)), b.int(1)]);
  const step = b.op("Div", [end, float(steps)]);
  const fromStart = b.op("Mul", [step, float(place)]);
  const fromEnd = b.op("Sub", [end, b.op("Mul", [step, float(less(less(count, b.int(1)), place))])]);
  const isFirstHalf = b.op("Less", [b.op("Mul", [place, b.int(2)]), count]);
  const at = b.op("Where", [isFirstHalf, fromStart, fromEnd]);
  const low = b.cast(at, "int64");
  const high = b.op("Min", [b.op("Add", [low, b.int(1)]), b.int(side - 1)]);
  const part = b.op("Sub", [at, float(low)]);
  return { low, high, part, rest: b.op("Sub", [one, part]) };
}

/** The learned position of each patch, between four rows of the table. (1, P, C) */
function fromTable({ b, config, places }: VisionPass<TableVision>): Value {
  const { add, times } = whole(b);
  const side = Math.sqrt(config.numPositionEmbeddings);
  const table = b.rows(`${visionPrefix}pos_embed.weight`);
  const vertical = between(b, side, places.row, places.height);
  const horizontal = between(b, side, places.column, places.width);
  const corner = (row: Value, column: Value, weight: Value): Value => {
    const rows = b.op("Gather", [table, add(times(row, b.int(side)), column)]);
    return b.op("Mul", [rows, b.op("Unsqueeze", [b.inNumbers(weight), b.ints([1])])]);
  };
  const corners = [
    corner(vertical.low, horizontal.low, times(vertical.rest, horizontal.rest)),
    corner(vertical.low, horizontal.high, times(vertical.rest, horizontal.part)),
    corner(vertical.high, horizontal.low, times(vertical.part, horizontal.rest)),
    corner(vertical.high, horizontal.high, times(vertical.part, horizontal.part)),
  ];
  return b.op("Unsqueeze", [corners.reduce((sum, one) => b.op("Add", [sum, one])), b.ints([0])]);
}
