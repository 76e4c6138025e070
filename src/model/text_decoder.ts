import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { reshape, type Tensor } from "../gpu/tensor.ts";
import { attention } from "../ops/attention.ts";
import type { Attended } from "../ops/attention_map.ts";
import type { CacheDtype } from "../ops/cache_kernels.ts";
import { gather } from "../ops/gather.ts";
import { heads } from "../ops/heads.ts";
import { rmsnorm } from "../ops/rmsnorm.ts";
import { inverseFrequencies, ropeTable, rotationsOf } from "../ops/rope.ts";
import type { AttentionCache, CacheState } from "./cache.ts";
import { fullAttention, type ModelConfig, type TextConfig } from "./config.ts";
import { embeddingWeight, headWeight, textPrefix } from "./names.ts";
import type { Passes, TextInput } from "./passes.ts";
import { blockAxes, interleavedAxes, maxPositions } from "./positions.ts";
import type { TextRows } from "./text_rows.ts";
import type { Residual, Shapes, Weights } from "./weights.ts";

/** What the sublayers of one recorded pass through the text's layers read. */
export interface TextPass<Cache extends CacheState = CacheState> {
  tape: Tape;
  weights: Weights;
  config: TextConfig;
  rows: TextRows;
  /** How far heads turn in each row, (N, rotaryDim/2, 2). */
  rotations: Tensor;
  cache?: Cache;
  kvCacheDtype: CacheDtype;
  attended?: TextInput["attended"];
}

/**
 * What mixes the tokens in a layer, added to `residual`.
 * @param normed  (N, C)
 * @returns       (N, C)
 */
export interface Mixer {
  mix(pass: TextPass, layer: number, normed: Tensor, to: Residual): Tensor;
}

/** By the names in TextConfig.layerTypes. */
export type Mixers = Readonly<Record<string, Mixer>>;

export const attentionOnly: Mixers = { [fullAttention]: { mix: attend } };

/**
 * A pre-norm decoder with gated feed-forward layers and M-RoPE. Families differ in biases, in norms of heads, in which
 * axis turns which pair (all of that is in the configuration), and in what mixes tokens.
 * @param kvCacheDtype as Model.kvCacheDtype
 */
export function textPass(
  gpu: Gpu,
  config: TextConfig,
  kvCacheDtype: CacheDtype,
  mixers: Mixers = attentionOnly,
): Passes["text"] {
  const { rotary, table } = textRotary(gpu, config);
  const layers = config.layerTypes.slice(0, config.numHiddenLayers).map((type) => {
    const mixer = mixers[type];
    if (!mixer) throw new TypeError(`layerTypes names ${type}, expected one of ${Object.keys(mixers).join(", ")}`);
    return mixer;
  });
  const record = (tape: Tape, weights: Weights, { rows, vision, cache, watch, attended }: TextInput) => {
    const rotations = rotary(tape, rows);
    const pass: TextPass = { tape, weights, config, rows, rotations, cache, kvCacheDtype, attended };
    let x = gather(tape, weights.get(embeddingWeight), rows.tokens);
    if (vision) x = gather(tape, vision.embeds, rows.images, x);
    watch?.("text.embeds", x);

    for (const [i, mixer] of layers.entries()) {
      const name = layerName(i);
      const input = x;
      x = tape.layer(() => {
        const normed = norm(pass, `${name}.input_layernorm`, input);
        const mixed = mixer.mix(pass, i, normed, { residual: input });
        const mixedNormed = norm(pass, `${name}.post_attention_layernorm`, mixed);
        return feedForward(pass, `${name}.mlp`, mixedNormed, { residual: mixed });
      });
      watch?.(`text.layer.${i}`, x);
      const feature = vision?.deepstack[i];
      if (feature) x = gather(tape, feature, rows.images, x);
    }
    return norm(pass, `${textPrefix}norm`, x);
  };
  const isUsual = layers.every(({ mix }) => mix === attend) && config.rotaryDim === config.headDim;
  return Object.assign(record, isUsual ? { angles: table } : {});
}

export const layerName = (layer: number): string => `${textPrefix}layers.${layer}`;

/** M-RoPE on the first rotaryDim components of each head. */
function textRotary(gpu: Gpu, config: TextConfig): { rotary: (tape: Tape, rows: TextRows) => Tensor; table: Tensor } {
  const { rotaryDim, ropeTheta, mropeSection, mropeInterleaved } = config;
  const half = rotaryDim / 2;
  const makeTable = () => ropeTable(maxPositions, inverseFrequencies(rotaryDim, ropeTheta));
  const table = gpu.uploadComputed("text.rope", makeTable, [maxPositions, half, 2]);
  const axisOfPair = mropeInterleaved ? interleavedAxes(half, mropeSection) : blockAxes(mropeSection);
  const axes = gpu.upload("text.axes", axisOfPair, [half]);
  return { rotary: (tape, rows) => rotationsOf(tape, rows.positions, table, axes), table };
}

const norm = ({ tape, weights, config }: TextPass, module: string, x: Tensor): Tensor =>
  rmsnorm(tape, x, weights.get(`${module}.weight`), config.rmsNormEps);

/** Causal attention with grouped heads of keys and values. */
function attend(pass: TextPass<AttentionCache>, layer: number, normed: Tensor, { residual }: Residual): Tensor {
  const { tape, weights, config, rows, rotations, cache, kvCacheDtype, attended: onAttended } = pass;
  const { numAttentionHeads: H, numKeyValueHeads: K, headDim: D, rmsNormEps: eps, headNorm } = config;
  const part = (name: string) => `${layerName(layer)}.self_attn.${name}`;
  const packed = weights.linear(tape, [part("q_proj"), part("k_proj"), part("v_proj")], normed);
  const headNorms = headNorm ? weights.vectors([part("q_norm.weight"), part("k_norm.weight")]) : null;
  const { q, k, v } = heads(tape, packed, {
    H,
    K,
    rotations,
    norm: headNorms ? { weight: headNorms, eps } : undefined,
    cache: cache && { rows: rows.cacheRows, ...cache.layer(layer) },
    rounded: kvCacheDtype,
  });
  const watch = onAttended && ((of: Attended) => onAttended(layer, of));
  const out = attention(tape, { q, k, v, spans: rows.spans, scale: D ** -0.5, watch });
  const attended = reshape(out, rows.capacity, H * D);
  return weights.linear(tape, part("o_proj"), attended, { residual });
}

function feedForward({ tape, weights }: TextPass, module: string, normed: Tensor, { residual }: Residual): Tensor {
  const hidden = weights.gated(tape, [`${module}.gate_proj`, `${module}.up_proj`], normed);
  return weights.linear(tape, `${module}.down_proj`, hidden, { residual });
}

/** The weight that makes logits of hidden states. */
export const headName = ({ tieWordEmbeddings }: ModelConfig): string =>
  tieWordEmbeddings ? embeddingWeight : headWeight;

/** Adds the weights of a decoder whose layers all have full attention. */
export function decoderShapes(shapes: Shapes, { text, tieWordEmbeddings }: ModelConfig): void {
  const { hiddenSize: C, headDim: D, numAttentionHeads: H, numKeyValueHeads: K, intermediateSize: F } = text;
  shapes.add(embeddingWeight, text.vocabSize, C);
  for (let i = 0; i < text.numHiddenLayers; i++) {
    const layer = layerName(i);
    shapes.add(`${layer}.input_layernorm.weight`, C);
    const queriesKeysValues = [
      [`${layer}.self_attn.q_proj`, H * D],
      [`${layer}.self_attn.k_proj`, K * D],
      [`${layer}.self_attn.v_proj`, K * D],
    ] as const;
    shapes.linears(queriesKeysValues, C, text.attentionBias);
    shapes.linear(`${layer}.self_attn.o_proj`, C, H * D, false);
    if (text.headNorm) {
      const pack = `${layer}.self_attn.norms`;
      shapes.addTo(pack, `${layer}.self_attn.q_norm.weight`, D);
      shapes.addTo(pack, `${layer}.self_attn.k_norm.weight`, D);
    }
    shapes.add(`${layer}.post_attention_layernorm.weight`, C);
    const gateAndUp = [
      [`${layer}.mlp.gate_proj`, F],
      [`${layer}.mlp.up_proj`, F],
    ] as const;
    shapes.linears(gateAndUp, C, false);
    shapes.linear(`${layer}.mlp.down_proj`, C, F, false);
  }
  shapes.add(`${textPrefix}norm.weight`, C);
  if (!tieWordEmbeddings) shapes.add(headWeight, text.vocabSize, C);
}
