import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { reshape, type Tensor } from "../gpu/tensor.ts";
import { attention } from "../ops/attention.ts";
import { cache as writeCache } from "../ops/cache.ts";
import { gather } from "../ops/gather.ts";
import { rmsnorm } from "../ops/rmsnorm.ts";
import { inverseFrequencies, rope, ropeTable } from "../ops/rope.ts";
import { swiglu } from "../ops/swiglu.ts";
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

  constructor(
    gpu: Gpu,
    readonly config: TextConfig,
    readonly weights: Weights,
  ) {
    const { headDim: D, ropeTheta, mropeSection, mropeInterleaved } = config;
    this.#table = gpu.upload("text.rope", ropeTable(maxPositions, inverseFrequencies(D, ropeTheta)), [
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

    let x = gather(tape, w("embed_tokens.weight"), rows.tokens);
    if (vision) x = gather(tape, vision.embeds, rows.images, x);
    watch?.("text.embeds", x);

    for (let i = 0; i < numHiddenLayers; i++) {
      const input = x;
      x = tape.layer(() => this.#layer(tape, i, input, rows, cache));
      watch?.(`text.layer.${i}`, x);
      const feature = vision?.deepstack[i];
      if (feature) x = gather(tape, feature, rows.images, x);
    }
    return rmsnorm(tape, x, w("norm.weight"), eps);
  }

  #layer(tape: Tape, i: number, input: Tensor, rows: TextRows, cache?: Cache): Tensor {
    const { rmsNormEps: eps } = this.config;
    const w = (name: string) => this.weights.get(`${prefix}.${name}`);
    const name = `layers.${i}`;
    const linear = (module: string, of: Tensor, residual?: Tensor) =>
      this.weights.linear(tape, `${prefix}.${name}.${module}`, of, { residual });
    const x = linear(
      "self_attn.o_proj",
      this.#attend(tape, i, rmsnorm(tape, input, w(`${name}.input_layernorm.weight`), eps), rows, cache),
      input,
    );
    const z = rmsnorm(tape, x, w(`${name}.post_attention_layernorm.weight`), eps);
    return linear("mlp.down_proj", swiglu(tape, linear("mlp.gate_proj", z), linear("mlp.up_proj", z)), x);
  }

  /** Attention of one layer without its output projection. @returns (N, H D) */
  #attend(tape: Tape, layer: number, y: Tensor, rows: TextRows, cache?: Cache): Tensor {
    const { numAttentionHeads: H, numKeyValueHeads: K, headDim: D, rmsNormEps: eps } = this.config;
    const N = rows.capacity;
    const name = `${prefix}.layers.${layer}.self_attn`;
    const heads = (part: string, count: number) =>
      reshape(this.weights.linear(tape, `${name}.${part}_proj`, y), N, count, D);
    const turn = (part: string, t: Tensor) => {
      const normed = this.config.headNorm
        ? rmsnorm(tape, reshape(t, N * t.shape[1]!, D), this.weights.get(`${name}.${part}_norm.weight`), eps)
        : t;
      return rope(tape, reshape(normed, N, t.shape[1]!, D), rows.positions, this.#table, this.#axes);
    };
    const q = turn("q", heads("q", H));
    let k = turn("k", heads("k", K));
    let v = heads("v", K);
    if (cache) {
      const { keys, values } = cache.layers[layer]!;
      writeCache(tape.plan, k, v, rows.cacheRows, keys, values);
      [k, v] = [keys, values];
    }
    return reshape(attention(tape, q, k, v, rows.spans, D ** -0.5), N, H * D);
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
    shapes.linear(`${layer}.self_attn.q_proj`, H * D, C, attentionBias);
    shapes.linear(`${layer}.self_attn.k_proj`, K * D, C, attentionBias);
    shapes.linear(`${layer}.self_attn.v_proj`, K * D, C, attentionBias);
    shapes.linear(`${layer}.self_attn.o_proj`, C, H * D, false);
    if (text.headNorm) {
      shapes.add(`${layer}.self_attn.q_norm.weight`, D);
      shapes.add(`${layer}.self_attn.k_norm.weight`, D);
    }
    shapes.add(`${layer}.post_attention_layernorm.weight`, C);
    shapes.linear(`${layer}.mlp.gate_proj`, F, C, false);
    shapes.linear(`${layer}.mlp.up_proj`, F, C, false);
    shapes.linear(`${layer}.mlp.down_proj`, C, F, false);
  }
  shapes.add(`${prefix}.norm.weight`, C);
  if (!tieWordEmbeddings) shapes.add(headWeight, text.vocabSize, C);
}
