import type { ModelFiles } from "../family.ts";

/**
 * What config.json and preprocessor_config.json say of sizes.
 * Source: huggingface.co/Qwen/Qwen3-VL-2B-Instruct, files of 2025.
 */
export const published: Readonly<Record<string, ModelFiles>> = {
  "Qwen/Qwen3-VL-2B-Instruct": {
    config: {
      model_type: "qwen3_vl",
      text_config: {
        hidden_size: 2048,
        head_dim: 128,
        num_attention_heads: 16,
        num_key_value_heads: 8,
        num_hidden_layers: 28,
        intermediate_size: 6144,
        vocab_size: 151_936,
        rms_norm_eps: 1e-6,
        attention_bias: false,
        rope_theta: 5_000_000,
        rope_scaling: { rope_type: "default", mrope_interleaved: true, mrope_section: [24, 20, 20] },
      },
      image_token_id: 151_655,
      tie_word_embeddings: true,
      vision_config: {
        hidden_size: 1024,
        num_heads: 16,
        depth: 24,
        intermediate_size: 4096,
        deepstack_visual_indexes: [5, 11, 17],
        num_position_embeddings: 2304,
        patch_size: 16,
        spatial_merge_size: 2,
        temporal_patch_size: 2,
        out_hidden_size: 2048,
      },
    },
    preprocessor: {
      patch_size: 16,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
      size: { shortest_edge: 65_536, longest_edge: 16_777_216 },
    },
  },
};
