import type { ModelConfig } from "../../model/config.ts";
import { modelShapes } from "../../model/families/table.ts";
import { textPrefix } from "../../model/names.ts";
import { blockAxes, interleavedAxes, maxPositions } from "../../model/positions.ts";
import { headName, layerName } from "../../model/text_decoder.ts";
import { inverseFrequencies, ropeTable } from "../../ops/rope.ts";
import { GraphBuilder } from "./builder.ts";
import { deepstackFeatures } from "./embedding.ts";
import type { Graph, Value } from "./graph.ts";
import { addThenRmsNorm, rmsNorm } from "./norms.ts";
import type { Precision } from "./precision.ts";
import { columnsOf } from "./tables.ts";

export interface DecoderOptions {
  precision: Precision;
  /** Positions that the rotary table reaches. */
  positions?: number;
  /**
   * Whether the graph has another input, `num_logits_to_keep`: logits of that many last tokens, of all for 0. A prompt's
   * logits over a large vocabulary are the most of what a prefill holds otherwise.
   */
  keepsLogits?: boolean;
}

/** What all layers read. */
interface Pass {
  b: GraphBuilder;
  config: ModelConfig;
  rotation: Rotation;
  /** Of each sequence, less 1, and of all with their padding: int32. */
  lengths: { last: Value; total: Value };
}

/** cos and sin of a row for each token, (B T, D/2), and which row is whose, (B, T). */
interface Rotation {
  cos: Value;
  sin: Value;
  rows: Value;
}

/**
 * Embeddings -> logits, with keys and values of the tokens before: the statements of src/model/text_decoder.ts. Each
 * sequence of a batch begins at its first token; padding may follow, not precede.
 */
export function decoderGraph(config: ModelConfig, options: DecoderOptions): Graph {
  const { text } = config;
  const { numHiddenLayers: layers, hiddenSize: C, rmsNormEps: eps } = text;
  const b = new GraphBuilder("decoder_model_merged", options.precision, modelShapes(config));
  const features = deepstackFeatures(config);
  const embeds = b.input("inputs_embeds", "float32", ["batch_size", "sequence_length", C * (1 + features)]);
  const mask = b.input("attention_mask", "int64", ["batch_size", "total_sequence_length"]);
  const positions = b.input("position_ids", "int64", [3, "batch_size", "sequence_length"]);
  const kept = options.keepsLogits ? b.input("num_logits_to_keep", "int64", []) : null;
  const pass: Pass = {
    b,
    config,
    rotation: rotationOf(b, config, positions, options.positions ?? maxPositions),
    lengths: lengthsOf(b, mask),
  };

  const [x, ...added] = features > 0 ? splitColumns(b, b.inNumbers(embeds), 1 + features, C) : [b.inNumbers(embeds)];
  let residual = x!;
  let normed = rmsNorm(b, residual, b.rows(`${layerName(0)}.input_layernorm.weight`), eps);
  for (let i = 0; i < layers; i++) {
    const name = layerName(i);
    const mixed = attend(pass, i, normed);
    const after = `${name}.post_attention_layernorm.weight`;
    const { normed: mixedNormed, sum } = addThenRmsNorm(b, { x: mixed, residual, weight: b.rows(after), eps });
    let out = feedForward(b, `${name}.mlp`, mixedNormed);
    const feature = added[i];
    if (feature !== undefined) out = b.op("Add", [out, feature]);
    const next = i + 1 < layers ? `${layerName(i + 1)}.input_layernorm.weight` : `${textPrefix}norm.weight`;
    ({ normed, sum: residual } = addThenRmsNorm(b, { x: out, residual: sum, weight: b.rows(next), eps }));
  }
  const last = kept === null ? normed : lastTokens(b, normed, kept);
  const logits = b.product(last, [headName(config)]);
  b.output(b.inFloat32(logits), "logits", "float32", [
    "batch_size",
    kept === null ? "sequence_length" : "kept_length",
    text.vocabSize,
  ]);
  return b.graph;
}

function attend({ b, config, rotation, lengths }: Pass, layer: number, normed: Value): Value {
  const { numAttentionHeads: H, numKeyValueHeads: K, headDim: D, headNorm, rmsNormEps: eps } = config.text;
  const part = (name: string) => `${layerName(layer)}.self_attn.${name}`;
  const packed = b.linear(normed, part("q_proj"), part("k_proj"), part("v_proj"));
  const [q, k, v] = b.ops("Split", [packed, b.ints([H * D, K * D, K * D])], { axis: { int: -1 } }, 3) as [
    Value,
    Value,
    Value,
  ];
  const turned = (x: Value, heads: number, norm: string): Value => {
    let y = x;
    if (headNorm) {
      const byHead = b.op("Reshape", [x, b.ints([0, -1, D])]);
      y = b.op("Reshape", [rmsNorm(b, byHead, b.rows(part(`${norm}.weight`)), eps), b.ints([0, -1, heads * D])]);
    }
    return b.microsoft("RotaryEmbedding", [y, rotation.rows, rotation.cos, rotation.sin])[0]!;
  };
  const cache = ["batch_size", K, "past_sequence_length", D];
  const past = ["key", "value"].map((of) => b.input(`past_key_values.${layer}.${of}`, b.activations, cache));
  const [attended, ...present] = b.microsoft(
    "GroupQueryAttention",
    [turned(q, H, "q_norm"), turned(k, K, "k_norm"), v, ...past, lengths.last, lengths.total],
    { num_heads: { int: H }, kv_num_heads: { int: K }, scale: { float: D ** -0.5 } },
    [true, true, true],
  );
  for (const [i, of] of ["key", "value"].entries())
    b.output(present[i]!, `present.${layer}.${of}`, b.activations, ["batch_size", K, "total_sequence_length", D]);
  return b.linear(attended!, part("o_proj"));
}

function feedForward(b: GraphBuilder, module: string, normed: Value): Value {
  const gate = b.linear(normed, `${module}.gate_proj`);
  const up = b.linear(normed, `${module}.up_proj`);
  return b.linear(b.op("Mul", [b.silu(gate), up]), `${module}.down_proj`);
}

/** M-RoPE: the table's rows for the position of each pair's axis. */
function rotationOf(b: GraphBuilder, { text }: ModelConfig, positions: Value, reach: number): Rotation {
  const { rotaryDim, ropeTheta, mropeSection, mropeInterleaved } = text;
  const half = rotaryDim / 2;
  const table = ropeTable(reach, inverseFrequencies(rotaryDim, ropeTheta));
  const axes = Array.from(mropeInterleaved ? interleavedAxes(half, mropeSection) : blockAxes(mropeSection));
  // (pairs, B, T) -> (B, T, pairs), then the place of each in the table as one long row.
  const ofPair = b.op("Transpose", [b.op("Gather", [positions, b.ints(axes)])], { perm: { ints: [1, 2, 0] } });
  const place = b.op("Add", [b.op("Mul", [ofPair, b.int(half)]), b.ints(axes.map((_, pair) => pair))]);
  const flat = b.op("Reshape", [place, b.ints([-1, half])]);
  const look = (part: 0 | 1) => b.op("Gather", [b.numbers(columnsOf(table, part), [reach * half]), flat]);
  const shape = b.op("Shape", [positions], { start: { int: 1 } });
  const count = b.op("ReduceProd", [shape], { keepdims: { int: 0 } });
  const rows = b.op("Reshape", [b.op("Range", [b.int(0), count, b.int(1)]), shape]);
  return { cos: look(0), sin: look(1), rows };
}

function lengthsOf(b: GraphBuilder, mask: Value): Pass["lengths"] {
  const counted = b.op("ReduceSum", [mask, b.ints([1])], { keepdims: { int: 0 } });
  const last = b.cast(b.op("Sub", [counted, b.int(1)]), "int32");
  const total = b.op("Gather", [b.op("Shape", [mask]), b.int(1)]);
  return { last, total: b.cast(total, "int32") };
}

const lastTokens = (b: GraphBuilder, x: Value, kept: Value): Value =>
  b.op("Slice", [
    x,
    b.op("Reshape", [b.op("Neg", [kept]), b.ints([1])]),
    b.ints([Number.MAX_SAFE_INTEGER]),
    b.ints([1]),
  ]);

const splitColumns = (b: GraphBuilder, x: Value, count: number, C: number): Value[] =>
  b.ops("Split", [x, b.ints(new Array<number>(count).fill(C))], { axis: { int: -1 } }, count);
