import { readConfig } from "../../src/model/families/read_files.ts";
import { modelShapes } from "../../src/model/families/table.ts";
import { writeSafetensors } from "../../src/model/write_safetensors.ts";
import type { NamedBytes } from "../../src/platform.ts";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import { Random } from "../../src/tasks/random.ts";

const textBytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, null, 1));

/**
 * A checkpoint folder of a tiny Qwen2.5-VL with random weights: it has learned nothing, but a pipeline can be tried
 * with it as with the real one.
 * @param tokenizerJson a tokenizer.json with the tool-call tokens
 */
export function tinyQwenFiles(tokenizerJson: object, seed = 0): NamedBytes[] {
  const tokenizer = new Tokenizer(tokenizerJson);
  const config = {
    architectures: ["Qwen2_5_VLForConditionalGeneration"],
    model_type: "qwen2_5_vl",
    text_config: {
      model_type: "qwen2_5_vl_text",
      hidden_size: 32,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      num_hidden_layers: 2,
      intermediate_size: 64,
      vocab_size: Math.ceil(tokenizer.size / 8) * 8,
      hidden_act: "silu",
      rms_norm_eps: 1e-6,
      max_position_embeddings: 32_768,
      rope_parameters: { rope_type: "default", type: "mrope", mrope_section: [2, 3, 3], rope_theta: 1_000_000 },
    },
    image_token_id: tokenizer.id("<|image_pad|>"),
    video_token_id: tokenizer.id("<|video_pad|>"),
    vision_start_token_id: tokenizer.id("<|vision_start|>"),
    vision_end_token_id: tokenizer.id("<|vision_end|>"),
    tie_word_embeddings: true,
    dtype: "float32",
    vision_config: {
      model_type: "qwen2_5_vl",
      hidden_size: 16,
      num_heads: 2,
      depth: 2,
      intermediate_size: 32,
      fullatt_block_indexes: [1],
      window_size: 112,
      patch_size: 14,
      spatial_merge_size: 2,
      temporal_patch_size: 2,
      out_hidden_size: 32,
      hidden_act: "silu",
      tokens_per_second: 2,
      in_channels: 3,
    },
  };
  const preprocessor = {
    image_processor_type: "Qwen2VLImageProcessor",
    patch_size: 14,
    temporal_patch_size: 2,
    merge_size: 2,
    do_resize: true,
    do_rescale: true,
    do_normalize: true,
    do_convert_rgb: true,
    resample: 3,
    rescale_factor: 1 / 255,
    image_mean: [0.48145466, 0.4578275, 0.40821073],
    image_std: [0.26862954, 0.26130258, 0.27577711],
    min_pixels: 3_136,
    max_pixels: 12_845_056,
  };
  const weights = modelShapes(readConfig(config, preprocessor)).map(({ name, shape }, i) => {
    const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
    const random = new Random(seed, [0x74696e79, i]);
    const isNorm = /norm|ln_q/.test(name);
    const deviation = name.includes("embed_tokens") ? 0.3 : (values.length / shape[0]!) ** -0.5;
    for (let k = 0; k < values.length; k++)
      values[k] = shape.length === 1 ? (isNorm ? 1 : 0) : random.normal() * deviation;
    return { name, dtype: "F32" as const, shape, values };
  });
  return [
    { name: "config.json", bytes: textBytes(config) },
    { name: "preprocessor_config.json", bytes: textBytes(preprocessor) },
    { name: "tokenizer.json", bytes: textBytes(tokenizerJson) },
    { name: "model.safetensors", bytes: writeSafetensors(weights) },
  ];
}
