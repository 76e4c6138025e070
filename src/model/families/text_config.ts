import { fullAttention, type TextConfig } from "../config.ts";
import { expectOnly, flag, positive, type Section, whole, wholes } from "../config_values.ts";
import { excerpt, type Json } from "../json_file.ts";
import { most } from "./largest_sizes.ts";

/** What distinguishes the decoders of families that share text_decoder.ts. */
export type DecoderTraits = Pick<TextConfig, "mropeInterleaved" | "attentionBias" | "headNorm">;

/**
 * Reads the sizes of a decoder that rotates whole heads.
 * @param layerTypes  the kinds of layers that the family has, the default first
 * @throws Error as Family.readConfig does
 */
export function readText(text: Section, traits: DecoderTraits, layerTypes = [fullAttention]): TextConfig {
  expectOnly(text, {
    hidden_act: ["silu"],
    attention_bias: [traits.attentionBias],
    attention_dropout: [0, null],
    use_sliding_window: [false, null],
    partial_rotary_factor: [1],
    mlp_bias: [false],
    num_experts: [0, null],
    attn_logit_softcapping: [null],
    final_logit_softcapping: [null],
  });
  const ropeKey = text.json.rope_parameters ? "rope_parameters" : "rope_scaling";
  const rope: Section = { json: (text.json[ropeKey] ?? {}) as Json, where: `${text.where}${ropeKey}.` };
  // "mrope" is what files before rope_type called the default with sections.
  expectOnly(rope, {
    rope_type: ["default", "mrope"],
    type: ["default", "mrope"],
    mrope_interleaved: [traits.mropeInterleaved],
    factor: [1],
    partial_rotary_factor: [1],
  });
  const hiddenSize = whole(text, "hidden_size", most.width);
  const numHiddenLayers = whole(text, "num_hidden_layers", most.layers);
  const numAttentionHeads = whole(text, "num_attention_heads", most.heads);
  const headDim = whole(text, "head_dim", most.headDim, { fallback: hiddenSize / numAttentionHeads });
  return {
    hiddenSize,
    intermediateSize: whole(text, "intermediate_size", most.feedForward),
    numHiddenLayers,
    layerTypes: readLayerTypes(text, numHiddenLayers, layerTypes),
    numAttentionHeads,
    numKeyValueHeads: whole(text, "num_key_value_heads", most.heads, { fallback: numAttentionHeads }),
    headDim,
    vocabSize: whole(text, "vocab_size", most.vocabulary),
    rmsNormEps: positive(text, "rms_norm_eps", 1),
    ropeTheta: positive(rope.json.rope_theta === undefined ? text : rope, "rope_theta", 1e12),
    rotaryDim: headDim,
    mropeSection: wholes(rope, "mrope_section", most.headDim, { count: 3 }) as [number, number, number],
    ...traits,
  };
}

function readLayerTypes(text: Section, layers: number, known: readonly string[]): string[] {
  const types = text.json.layer_types ?? [];
  if (!Array.isArray(types) || types.some((type) => !known.includes(type)))
    throw new Error(
      `${text.where}layer_types is ${excerpt(types)}, only ${known.map((type) => `"${type}"`).join(" and ")} is supported`,
    );
  return Array.from({ length: layers }, (_, i) => types[i] ?? known[0]);
}

/** Before transformers 5 the text's key counted. Null where neither is there. */
export const tiedFlags = (root: Section, text: Section): [root: boolean | null, text: boolean | null] => [
  flag(root, "tie_word_embeddings"),
  flag(text, "tie_word_embeddings"),
];

/** What must hold of a decoder's sizes, with a sentence for where it does not. */
export const textProblems = (text: TextConfig): [holds: boolean, sentence: string][] => [
  [
    text.numAttentionHeads % text.numKeyValueHeads === 0,
    `num_attention_heads (${text.numAttentionHeads}) is not a multiple of num_key_value_heads (${text.numKeyValueHeads})`,
  ],
  [text.headDim % 2 === 0, `head_dim (${text.headDim}) must be even`],
  [
    text.mropeSection.reduce((a, b) => a + b, 0) === text.rotaryDim / 2,
    `mrope_section (${text.mropeSection.join(", ")}) must add up to head_dim / 2 = ${text.rotaryDim / 2}`,
  ],
];
