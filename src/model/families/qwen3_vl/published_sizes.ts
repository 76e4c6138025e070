import type { ModelFiles } from "../family.ts";

/**
 * Where published models differ from each other.
 * Source: huggingface.co/Qwen/Qwen3-VL-{2B,4B,8B}-Instruct, files of 2025; the parameters add up to what the Hub counts.
 */
interface Sizes {
  hidden: number;
  intermediate: number;
  layers: number;
  heads: number;
  tied: boolean;
  visionHidden: number;
  visionIntermediate: number;
  visionLayers: number;
  deepstack: readonly number[];
}

const smallTower = { visionHidden: 1024, visionIntermediate: 4096, visionLayers: 24, deepstack: [5, 11, 17] };

const sizesOf: Readonly<Record<string, Sizes>> = {
  "Qwen/Qwen3-VL-2B-Instruct": { hidden: 2048, intermediate: 6144, layers: 28, heads: 16, tied: true, ...smallTower },
  "Qwen/Qwen3-VL-4B-Instruct": { hidden: 2560, intermediate: 9728, layers: 36, heads: 32, tied: true, ...smallTower },
  "Qwen/Qwen3-VL-8B-Instruct": {
    hidden: 4096,
    intermediate: 12_288,
    layers: 36,
    heads: 32,
    tied: false,
    visionHidden: 1152,
    visionIntermediate: 4304,
    visionLayers: 27,
    deepstack: [8, 16, 24],
  },
};

const preprocessor = {
  patch_size: 16,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
  size: { shortest_edge: 65_536, longest_edge: 16_777_216 },
};

const filesOf = (sizes: Sizes): ModelFiles => ({
  config: {
    model_type: "qwen3_vl",
    text_config: {
      hidden_size: sizes.hidden,
      head_dim: 128,
      num_attention_heads: sizes.heads,
      num_key_value_heads: 8,
      num_hidden_layers: sizes.layers,
      intermediate_size: sizes.intermediate,
      vocab_size: 151_936,
      rms_norm_eps: 1e-6,
      attention_bias: false,
      rope_theta: 5_000_000,
      rope_scaling: { rope_type: "default", mrope_interleaved: true, mrope_section: [24, 20, 20] },
    },
    image_token_id: 151_655,
    tie_word_embeddings: sizes.tied,
    vision_config: {
      hidden_size: sizes.visionHidden,
      num_heads: 16,
      depth: sizes.visionLayers,
      intermediate_size: sizes.visionIntermediate,
      deepstack_visual_indexes: [...sizes.deepstack],
      num_position_embeddings: 2304,
      patch_size: 16,
      spatial_merge_size: 2,
      temporal_patch_size: 2,
      out_hidden_size: sizes.hidden,
    },
  },
  preprocessor,
});

/** What config.json and preprocessor_config.json say of sizes. */
export const published: Readonly<Record<string, ModelFiles>> = Object.fromEntries(
  Object.entries(sizesOf).map(([name, sizes]) => [name, filesOf(sizes)]),
);
