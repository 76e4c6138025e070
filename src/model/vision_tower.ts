import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { extents2, reshape, type Tensor } from "../gpu/tensor.ts";
import { attention } from "../ops/attention.ts";
import { heads } from "../ops/heads.ts";
import { linear } from "../ops/linear.ts";
import { inverseFrequencies, ropeTable, rotationsOf } from "../ops/rope.ts";
import type { VisionConfig } from "./config.ts";
import { maxPatchSide } from "./positions.ts";
import type { SpanBuffers } from "./row_buffers.ts";
import type { VisionRows } from "./vision_rows.ts";
import type { Residual, Weights } from "./weights.ts";

/** What the sublayers of one recorded pass through a vision tower read. */
export interface VisionPass<Vision extends VisionConfig = VisionConfig> {
  tape: Tape;
  weights: Weights;
  config: Vision;
  /** How far heads turn in each patch, (P, D/2, 2). */
  rotations: Tensor;
}

/**
 * The rotary embedding of patches: the first quarter of a head turns by the patch's row, the second by its column, with
 * the same frequencies.
 */
export function patchRotary(
  gpu: Gpu,
  { hiddenSize, numHeads, ropeTheta }: VisionConfig,
): (tape: Tape, rows: VisionRows) => Tensor {
  const half = hiddenSize / numHeads / 2;
  const quarter = Array.from(inverseFrequencies(half, ropeTheta));
  const makeTable = () => ropeTable(maxPatchSide, [...quarter, ...quarter]);
  const table = gpu.uploadComputed("vision.rope", makeTable, [maxPatchSide, half, 2]);
  const axisOfPair = Uint32Array.from({ length: half }, (_, i) => (i < half / 2 ? 0 : 1));
  const axes = gpu.upload("vision.axes", axisOfPair, [half]);
  return (tape, rows) => rotationsOf(tape, rows.positions, table, axes);
}

/**
 * The convolution over patches, as a product.
 * @param module  weight (C, channels, frames, S, S) and, where `bias` says so, bias (C)
 * @param pixels  (P, channels x frames x S x S)
 * @returns       (P, C)
 */
export function embedPatches(
  { tape, weights, config }: VisionPass,
  module: string,
  pixels: Tensor,
  { bias }: { bias: boolean },
): Tensor {
  const [, patchLength] = extents2(pixels);
  const kernel = reshape(weights.get(`${module}.weight`), config.hiddenSize, patchLength);
  return linear(tape, pixels, kernel, bias ? { bias: weights.get(`${module}.bias`) } : {});
}

/**
 * Attention of a vision block, added to `residual`.
 * @param module  `qkv` and `proj` are its layers
 * @param normed  (P, C)
 * @returns       (P, C)
 */
function attendPatches(
  { tape, weights, config, rotations }: VisionPass,
  module: string,
  normed: Tensor,
  { spans, residual }: Residual & { spans: SpanBuffers },
): Tensor {
  const { hiddenSize: C, numHeads: H } = config;
  const packed = weights.linear(tape, `${module}.qkv`, normed);
  const { q, k, v } = heads(tape, packed, { H, K: H, rotations });
  const attended = attention(tape, { q, k, v, spans, scale: (C / H) ** -0.5 });
  return weights.linear(tape, `${module}.proj`, reshape(attended, ...extents2(normed)), { residual });
}

/** What blocks differ in from one tower to another. */
interface BlockParts {
  /** Which patches attend to each other. */
  spans: SpanBuffers;
  norm(pass: VisionPass, module: string, x: Tensor): Tensor;
  feedForward(pass: VisionPass, module: string, normed: Tensor, to: Residual): Tensor;
}

/** A pre-norm block: attention, then the feed-forward network, each added to its input. (P, C) -> (P, C) */
export function visionBlock(
  pass: VisionPass,
  name: string,
  input: Tensor,
  { spans, norm, feedForward }: BlockParts,
): Tensor {
  const normed = norm(pass, `${name}.norm1`, input);
  const attended = attendPatches(pass, `${name}.attn`, normed, { spans, residual: input });
  const attendedNormed = norm(pass, `${name}.norm2`, attended);
  return feedForward(pass, `${name}.mlp`, attendedNormed, { residual: attended });
}

/** (P, C) -> (M, C x merge block): the patches of each image token side by side. */
export function joinMergeBlocks({ config }: VisionPass, x: Tensor): Tensor {
  const [P, C] = extents2(x);
  const unit = config.spatialMergeSize ** 2;
  return reshape(x, P / unit, C * unit);
}
