import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { reshape, type Tensor } from "../gpu/tensor.ts";
import { attention } from "../ops/attention.ts";
import type { CacheDtype } from "../ops/cache_kernels.ts";
import { gather } from "../ops/gather.ts";
import { heads } from "../ops/heads.ts";
import { rmsnorm } from "../ops/rmsnorm.ts";
import { inverseFrequencies, ropeTable, rotationsOf } from "../ops/rope.ts";
import type { Cache } from "./cache.ts";
import type { ModelConfig, TextConfig } from "./config.ts";
import type { VisionOutput, Watch } from "./model.ts";
import { embeddingWeight, headWeight } from "./names.ts";
import { blockAxes, interleavedAxes, maxPositions } from "./positions.ts";
import type { TextRows } from "./text_rows.ts";
import type { Shapes, Weights } from "./weights.ts";

const prefix = "model.language_model";

/** The language model of both families: they differ in biases, in norms of heads and in which axis turns which pair. */
export class Decoder {
  readonly #table: Tensor;
  readonly #axes: Tensor;
  /** Model.kvCacheDtype. */
  kvCacheDtype: CacheDtype = "f32";

  constructor(
    gpu: Gpu,
    readonly config: TextConfig,
    readonly weights: Weights,
  ) {
    const { headDim: D, ropeTheta, mropeSection, mropeInterleaved } = config;
    this.#table = gpu.uploadComputed("text.rope", () => ropeTable(maxPositions, inverseFrequencies(D, ropeTheta)), [
      maxPositions,
      D / 2,
      2,
    ]);
    this.#axes = gpu.upload(
      "text.axes",
      mropeInterleaved ? interleavedAxes(D, mropeSection) : blockAxes(mropeSection),
      [D / 2],
    );
  }

  /** Model.text. */
  run(tape: Tape, rows: TextRows, vision: VisionOutput | null, cache?: Cache, watch?: Watch): Tensor {
    const { numHiddenLayers, rmsNormEps: eps } = this.config;
    const w = (name: string) => this.weights.get(`${prefix}.${name}`);

    const rotations = rotationsOf(tape, rows.positions, this.#table, this.#axes);
    let x = gather(tape, w("embed_tokens.weight"), rows.tokens);
    if (vision) x = gather(tape, vision.embeds, rows.images, x);
    watch?.("text.embeds", x);

    for (let i = 0; i < numHiddenLayers; i++) {
      const input = x;
      x = tape.layer(() => this.#feedForward(tape, i, this.#attend(tape, i, input, rows, rotations, cache)));
      watch?.(`text.layer.${i}`, x);
      const feature = vision?.deepstack[i];
      if (feature) x = gather(tape, feature, rows.images, x);
    }
    return rmsnorm(tape, x, w("norm.weight"), eps);
  }

  /** A layer's attention, added to its input. @returns (N, C) */
  #attend(tape: Tape, layer: number, x: Tensor, rows: TextRows, rotations: Tensor, cache?: Cache): Tensor {
    const { numAttentionHeads: H, numKeyValueHeads: K, headDim: D, rmsNormEps: eps, headNorm } = this.config;
    const name = `${prefix}.layers.${layer}`;
    const attn = (part: string) => `${name}.self_attn.${part}`;
    const y = rmsnorm(tape, x, this.weights.get(`${name}.input_layernorm.weight`), eps);
    const packed = this.weights.linear(tape, [attn("q_proj"), attn("k_proj"), attn("v_proj")], y);
    const { q, k, v } = heads(tape, packed, {
      H,
      K,
      rotations,
      norm: headNorm
        ? { weight: this.weights.vectors([attn("q_norm.weight"), attn("k_norm.weight")]), eps }
        : undefined,
      cache: cache && { rows: rows.cacheRows, ...cache.layers[layer]! },
      rounded: this.kvCacheDtype,
    });
    const attended = reshape(attention(tape, { q, k, v, spans: rows.spans, scale: D ** -0.5 }), rows.capacity, H * D);
    return this.weights.linear(tape, attn("o_proj"), attended, { residual: x });
  }

  /** A layer's feed-forward network, added to its input. @returns (N, C) */
  #feedForward(tape: Tape, layer: number, x: Tensor): Tensor {
    const name = `${prefix}.layers.${layer}`;
    const z = rmsnorm(tape, x, this.weights.get(`${name}.post_attention_layernorm.weight`), this.config.rmsNormEps);
    const hidden = this.weights.gated(tape, [`${name}.mlp.gate_proj`, `${name}.mlp.up_proj`], z);
    return this.weights.linear(tape, `${name}.mlp.down_proj`, hidden, { residual: x });
  }
}

/** The weight that makes logits of hidden states. */
export const headName = ({ tieWordEmbeddings }: ModelConfig): string =>
  tieWordEmbeddings ? embeddingWeight : headWeight;

/** Adds the language model's weights. */
export function decoderShapes(shapes: Shapes, { text, tieWordEmbeddings }: ModelConfig): void {
  const {
    hiddenSize: C,
    headDim: D,
    numAttentionHeads: H,
    numKeyValueHeads: K,
    intermediateSize: F,
    attentionBias,
  } = text;
  shapes.add(embeddingWeight, text.vocabSize, C);
  for (let i = 0; i < text.numHiddenLayers; i++) {
    const layer = `${prefix}.layers.${i}`;
    shapes.add(`${layer}.input_layernorm.weight`, C);
    const qkv = [
      [`${layer}.self_attn.q_proj`, H * D],
      [`${layer}.self_attn.k_proj`, K * D],
      [`${layer}.self_attn.v_proj`, K * D],
    ] as const;
    shapes.linears(qkv, C, attentionBias);
    shapes.linear(`${layer}.self_attn.o_proj`, C, H * D, false);
    if (text.headNorm) {
      const pack = `${layer}.self_attn.norms`;
      shapes.addTo(pack, `${layer}.self_attn.q_norm.weight`, D);
      shapes.addTo(pack, `${layer}.self_attn.k_norm.weight`, D);
    }
    shapes.add(`${layer}.post_attention_layernorm.weight`, C);
    const gateUp = [
      [`${layer}.mlp.gate_proj`, F],
      [`${layer}.mlp.up_proj`, F],
    ] as const;
    shapes.linears(gateUp, C, false);
    shapes.linear(`${layer}.mlp.down_proj`, C, F, false);
  }
  shapes.add(`${prefix}.norm.weight`, C);
  if (!tieWordEmbeddings) shapes.add(headWeight, text.vocabSize, C);
}
