import type { VisionConfig } from "../../model/config.ts";
import { visionPrefix } from "../../model/names.ts";
import type { GraphBuilder } from "./builder.ts";
import type { Value } from "./graph.ts";
import type { PatchPlaces } from "./patch_places.ts";

/** What the statements of a tower read. */
export interface VisionPass<Vision extends VisionConfig = VisionConfig> {
  b: GraphBuilder;
  config: Vision;
  places: PatchPlaces;
  /** cos and sin of a row for each patch, (P, D/2). */
  cos: Value;
  sin: Value;
}

/** Names of a block's parts. */
export const blockName = (i: number): string => `${visionPrefix}blocks.${i}`;

/** (1, P, patch length) -> (1, P, C) */
export function embedPatches({ b }: VisionPass, pixels: Value): Value {
  const module = `${visionPrefix}patch_embed.proj`;
  const product = b.product(pixels, [`${module}.weight`]);
  return b.has(`${module}.bias`) ? b.op("Add", [product, b.rows(`${module}.bias`)]) : product;
}

/** Which patches of a block attend to each other. */
export interface Attending {
  /** Sequences that do, and their length: -1 for the one that there is. */
  shape: readonly [sequences: number, length: number];
  /** Rows of the tower that make them, (sequences, length); null where they are the tower's own. */
  gather: Value | null;
  /** Where the tower's rows are found in them again. */
  restore: Value | null;
  cos: Value;
  sin: Value;
  /** Which row of cos and sin is whose, (sequences, length). */
  rows: Value;
  /** Added to scores. */
  bias: Value;
}

/** All patches of a frame. */
export function wholeFrames({ b, places, cos, sin }: VisionPass): Attending {
  // As int32, so that the comparison of all with all is made where the scores are.
  const segment = b.cast(places.segment, "int32");
  const same = b.op("Equal", [
    b.op("Unsqueeze", [segment, b.ints([0, 1, 3])]),
    b.op("Unsqueeze", [segment, b.ints([0, 1, 2])]),
  ]);
  const rows = b.op("Unsqueeze", [places.index, b.ints([0])]);
  const bias = b.op("Where", [same, b.number(0), b.number(mostNegative(b))]);
  return { shape: [1, -1], gather: null, restore: null, cos, sin, rows, bias };
}

/** The lowest number that the graph computes with: what is not to be attended to. */
export const mostNegative = (b: GraphBuilder): number =>
  b.activations === "float32" ? -3.4028234663852886e38 : -65504;

/** Attention of a block, before it is added to anything. (1, P, C) -> (1, P, C) */
export function attendPatches({ b, config }: VisionPass, module: string, normed: Value, to: Attending): Value {
  const { hiddenSize: C, numHeads: H } = config;
  const packed = b.linear(normed, `${module}.qkv`);
  const gathered =
    to.gather === null
      ? packed
      : b.op("Reshape", [b.op("Gather", [packed, to.gather], { axis: { int: 1 } }), b.ints([-1, to.shape[1], 3 * C])]);
  const [q, k, v] = b.ops("Split", [gathered, b.ints([C, C, C])], { axis: { int: -1 } }, 3) as [Value, Value, Value];
  const turned = (x: Value) => b.microsoft("RotaryEmbedding", [x, to.rows, to.cos, to.sin])[0]!;
  const [attended] = b.microsoft("MultiHeadAttention", [turned(q), turned(k), v, "", "", to.bias], {
    num_heads: { int: H },
    scale: { float: (C / H) ** -0.5 },
  }) as [Value];
  const restored =
    to.restore === null
      ? attended
      : b.op("Gather", [b.op("Reshape", [attended, b.ints([1, -1, C])]), to.restore], { axis: { int: 1 } });
  return b.linear(restored, `${module}.proj`);
}

/** (1, P, C) -> (1, M, C x merge block): the patches of each image token side by side. */
export const joinMergeBlocks = ({ b, config }: VisionPass, x: Value): Value =>
  b.op("Reshape", [x, b.ints([1, -1, config.hiddenSize * config.spatialMergeSize ** 2])]);

/** gelu of one layer, then another. @param form of the gelu */
export function project(b: GraphBuilder, x: Value, first: string, second: string, form: "none" | "tanh"): Value {
  return b.linear(b.op("Gelu", [b.linear(x, first)], { approximate: { text: form } }), second);
}
