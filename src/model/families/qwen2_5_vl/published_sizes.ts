import type { ModelFiles } from "../family.ts";

/**
 * Where published models differ from each other.
 * Source: huggingface.co/Qwen/Qwen2.5-VL-{3B,7B,32B}-Instruct, files of 2025; the parameters add up to the total_size
 * of their model.safetensors.index.json.
 */
interface Sizes {
  hidden: number;
  intermediate: number;
  layers: number;
  heads: number;
  keyValueHeads: number;
  vocabulary: number;
  tied: boolean;
  visionIntermediate: number;
}

const sizesOf: Readonly<Record<string, Sizes>> = {
  "Qwen/Qwen2.5-VL-3B-Instruct": {
    hidden: 2048,
    intermediate: 11_008,
    layers: 36,
    heads: 16,
    keyValueHeads: 2,
    vocabulary: 151_936,
    tied: true,
    visionIntermediate: 3420,
  },
  "Qwen/Qwen2.5-VL-7B-Instruct": {
    hidden: 3584,
    intermediate: 18_944,
    layers: 28,
    heads: 28,
    keyValueHeads: 4,
    vocabulary: 152_064,
    tied: false,
    visionIntermediate: 3420,
  },
  "Qwen/Qwen2.5-VL-32B-Instruct": {
    hidden: 5120,
    intermediate: 27_648,
    layers: 64,
    heads: 40,
    keyValueHeads: 8,
    vocabulary: 152_064,
    tied: false,
    visionIntermediate: 3456,
  },
};

const preprocessor = {
  min_pixels: 3136,
  max_pixels: 12_845_056,
  patch_size: 14,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
};

const filesOf = (sizes: Sizes): ModelFiles => ({
  config: {
    model_type: "qwen2_5_vl",
    hidden_size: sizes.hidden,
    intermediate_size: sizes.intermediate,
    num_hidden_layers: sizes.layers,
    num_attention_heads: sizes.heads,
    num_key_value_heads: sizes.keyValueHeads,
    vocab_size: sizes.vocabulary,
    tie_word_embeddings: sizes.tied,
    rms_norm_eps: 1e-6,
    rope_theta: 1_000_000,
    rope_scaling: { type: "mrope", mrope_section: [16, 24, 24] },
    image_token_id: 151_655,
    vision_config: {
      depth: 32,
      hidden_size: 1280,
      intermediate_size: sizes.visionIntermediate,
      num_heads: 16,
      patch_size: 14,
      spatial_merge_size: 2,
      temporal_patch_size: 2,
      out_hidden_size: sizes.hidden,
      window_size: 112,
      fullatt_block_indexes: [7, 15, 23, 31],
    },
  },
  preprocessor,
});

/** What config.json and preprocessor_config.json say of sizes. */
export const published: Readonly<Record<string, ModelFiles>> = Object.fromEntries(
  Object.entries(sizesOf).map(([name, sizes]) => [name, filesOf(sizes)]),
);
