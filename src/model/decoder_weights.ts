import { bytesOf, size, type Tensor } from "../gpu/tensor.ts";
import { arrangedNumbers, type DecoderSizes, type DecoderWeight, type DecoderWeights } from "../ops/decode.ts";
import type { Model } from "./model.ts";
import { embeddingWeight, textPrefix } from "./names.ts";
import { headName, layerName } from "./text_decoder.ts";

/**
 * Most numbers in the text's weights: every workgroup reads them all, so that larger models are faster in kernels that read a weight
 * once for many conversations.
 */
const mostNumbers = 2 ** 22;

/** A decoder whose tokens ops/decode.ts can compute. */
export interface UsualDecoder {
  sizes: DecoderSizes;
  weights: DecoderWeights;
  angles: Tensor;
  eps: number;
}

/**
 * The model's text as ops/decode.ts takes it; null where its layers or weights are of another kind: an adapter, weights that are not
 * f32 or not in one buffer that a kernel can see, or too many of them.
 */
export function usualDecoder(model: Model): UsualDecoder | null {
  const { config, parameters, angles, adapter, kvCacheDtype } = model;
  const { text, tieWordEmbeddings: tied } = config;
  if (!angles || adapter || kvCacheDtype !== "f32") return null;
  const tensors: (Tensor | null)[] = [];
  for (let i = 0; i < text.numHiddenLayers; i++) {
    const layer = layerName(i);
    const attention = ["q_proj", "k_proj", "v_proj"].map((name) => `${layer}.self_attn.${name}`);
    const packed = (modules: readonly string[], part: string) =>
      parameters.packed(modules.map((module) => `${module}.${part}`));
    tensors.push(
      parameters.get(`${layer}.input_layernorm.weight`),
      packed(attention, "weight"),
      ...(text.attentionBias ? [packed(attention, "bias")] : []),
      ...(text.headNorm
        ? [
            packed(
              ["q_norm", "k_norm"].map((name) => `${layer}.self_attn.${name}`),
              "weight",
            ),
          ]
        : []),
      parameters.get(`${layer}.self_attn.o_proj.weight`),
      parameters.get(`${layer}.post_attention_layernorm.weight`),
      packed([`${layer}.mlp.gate_proj`, `${layer}.mlp.up_proj`], "weight"),
      parameters.get(`${layer}.mlp.down_proj.weight`),
    );
  }
  tensors.push(parameters.get(`${textPrefix}norm.weight`), parameters.get(headName(config)));
  const table = tied ? null : parameters.get(embeddingWeight);
  const [first] = tensors;
  const segment = parameters.segments.find(({ weight }) => weight.buffer === first?.buffer);
  if (!segment || bytesOf(segment.weight) > parameters.gpu.maxBindingBytes) return null;
  const parts: DecoderWeight[] = [];
  for (const tensor of [...tensors, ...(table ? [table] : [])]) {
    if (tensor?.dtype !== "f32" || tensor.buffer !== segment.weight.buffer) return null;
    const begin = tensor.offsetBytes / 4;
    // The embedding is read by rows, and stays as it is.
    const shape = tensor === table ? ([size(tensor.shape)] as const) : (tensor.shape as DecoderWeight["shape"]);
    parts.push({ begin, shape });
  }
  const weights = { source: segment.weight, parts };
  if (arrangedNumbers(weights) > mostNumbers) return null;
  const sizes = {
    layers: text.numHiddenLayers,
    C: text.hiddenSize,
    H: text.numAttentionHeads,
    K: text.numKeyValueHeads,
    D: text.headDim,
    F: text.intermediateSize,
    V: text.vocabSize,
    headNorm: text.headNorm,
    bias: text.attentionBias,
    tied,
  };
  return { sizes, weights, angles, eps: text.rmsNormEps };
}
