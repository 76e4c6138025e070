import { describe, expect, test } from "vitest";
import { readConfig } from "../../src/model/families/read_files.ts";
import { readJson } from "../../src/model/json_file.ts";
import { goldenFiles } from "../support/golden.ts";

type Json = Record<string, unknown>;

import fractionOfLayers from "../golden/faults/hostile/config-fraclayers.json" with { type: "json" };
import billionLayers from "../golden/faults/hostile/config-layers1e9.json" with { type: "json" };

const preprocessor = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
const jsonOf = (name: string): Promise<Json> => readJson(goldenFiles(name), "config.json");

/** The published Qwen2.5-VL-3B file, as its authors wrote it. */
const published: Json = {
  architectures: ["Qwen2_5_VLForConditionalGeneration"],
  attention_dropout: 0.0,
  bos_token_id: 151643,
  eos_token_id: 151645,
  vision_start_token_id: 151652,
  vision_end_token_id: 151653,
  vision_token_id: 151654,
  image_token_id: 151655,
  video_token_id: 151656,
  hidden_act: "silu",
  hidden_size: 2048,
  initializer_range: 0.02,
  intermediate_size: 11008,
  max_position_embeddings: 128000,
  max_window_layers: 70,
  model_type: "qwen2_5_vl",
  num_attention_heads: 16,
  num_hidden_layers: 36,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  sliding_window: 32768,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  transformers_version: "4.41.2",
  use_cache: true,
  use_sliding_window: false,
  vision_config: {
    depth: 32,
    hidden_act: "silu",
    hidden_size: 1280,
    intermediate_size: 3420,
    num_heads: 16,
    in_chans: 3,
    out_hidden_size: 2048,
    patch_size: 14,
    spatial_merge_size: 2,
    spatial_patch_size: 14,
    window_size: 112,
    fullatt_block_indexes: [7, 15, 23, 31],
    tokens_per_second: 2,
    temporal_patch_size: 2,
  },
  rope_scaling: { type: "mrope", mrope_section: [16, 24, 24] },
  vocab_size: 151936,
};

test("the flat layout", () => {
  const { modelType, text, vision, tieWordEmbeddings, imageTokenId } = readConfig(published, preprocessor);
  expect(modelType).toBe("qwen2_5_vl");
  expect(text).toEqual({
    hiddenSize: 2048,
    intermediateSize: 11008,
    numHiddenLayers: 36,
    layerTypes: Array(36).fill("full_attention"),
    rotaryDim: 128,
    numAttentionHeads: 16,
    numKeyValueHeads: 2,
    headDim: 128,
    vocabSize: 151936,
    rmsNormEps: 1e-6,
    ropeTheta: 1e6,
    mropeSection: [16, 24, 24],
    mropeInterleaved: false,
    attentionBias: true,
    headNorm: false,
  });
  expect(vision).toMatchObject({
    hiddenSize: 1280,
    windowSize: 112,
    fullattBlockIndexes: [7, 15, 23, 31],
  });
  expect([tieWordEmbeddings, imageTokenId]).toEqual([true, 151655]);
});

test("the nested layout, of both families", async () => {
  const window = readConfig(await jsonOf("qwen25-window"), preprocessor);
  expect(window.text).toMatchObject({ headDim: 16, ropeTheta: 1e6, mropeSection: [2, 3, 3], mropeInterleaved: false });
  const deepstack = readConfig(await jsonOf("qwen3-deepstack"), { ...preprocessor, patch_size: 16 });
  expect(deepstack.text).toMatchObject({
    hiddenSize: 40,
    numAttentionHeads: 4,
    headDim: 16,
    mropeInterleaved: true,
    headNorm: true,
    attentionBias: false,
  });
  expect(deepstack.vision).toMatchObject({
    deepstackVisualIndexes: [0, 2],
    numPositionEmbeddings: 36,
  });
});

describe("a key that changes the mathematics and is not supported is named", () => {
  const set = (json: Json, path: string, value: unknown): Json => {
    const copy = structuredClone(json);
    const keys = path.split(".");
    const last = keys.pop()!;
    let at = copy;
    for (const key of keys) {
      at[key] ??= {};
      at = at[key] as Json;
    }
    at[last] = value;
    return copy;
  };
  test.each([
    ["model_type", "qwen2_vl", 'model_type is "qwen2_vl"'],
    [
      "model_type",
      "qwen3_5",
      'model_type is "qwen3_5", expected "qwen2_5_vl" or "qwen3_vl"; choose a model of one of these',
    ],
    ["hidden_act", "gelu", 'hidden_act is "gelu"'],
    ["use_sliding_window", true, "use_sliding_window is true"],
    ["attention_dropout", 0.1, "attention_dropout is 0.1"],
    ["layer_types", ["full_attention", "sliding_attention"], "layer_types"],
    ["rope_scaling.type", "yarn", 'rope_scaling.type is "yarn"'],
    ["rope_scaling.rope_type", "linear", 'rope_scaling.rope_type is "linear"'],
    ["rope_scaling.factor", 2, "rope_scaling.factor is 2"],
    ["rope_scaling.mrope_interleaved", true, "rope_scaling.mrope_interleaved is true"],
    ["rope_scaling.mrope_section", [16, 24], "rope_scaling.mrope_section must be 3 whole numbers"],
    ["rope_scaling.mrope_section", [16, 24, 23], "mrope_section (16, 24, 23) must add up"],
    ["rope_theta", undefined, "rope_theta must be a number"],
    ["partial_rotary_factor", 0.5, "partial_rotary_factor is 0.5"],
    ["quantization_config", { bits: 4 }, "quantization_config"],
    ["num_key_value_heads", 3, "num_attention_heads (16) is not a multiple of num_key_value_heads (3)"],
    ["vision_config.hidden_act", "quick_gelu", 'vision_config.hidden_act is "quick_gelu"'],
    ["vision_config.in_chans", 1, "vision_config.in_chans is 1"],
    ["vision_config.window_size", 20, "window_size (20)"],
    ["vision_config.out_hidden_size", 64, "out_hidden_size (64)"],
    ["vision_config.num_heads", 9, "vision_config's hidden_size / num_heads (1280 / 9)"],
    ["vision_config.depth", undefined, "vision_config.depth must be a number"],
  ])("%s = %j", (path, value, sentence) => {
    expect(() => readConfig(set(published, path, value), preprocessor)).toThrow(`config.json: ${sentence}`);
  });

  test.each([
    ["num_hidden_layers", 1e9, "num_hidden_layers must be a whole number from 1 to 1024, found 1000000000"],
    ["num_hidden_layers", 1.5, "num_hidden_layers must be a whole number from 1 to 1024, found 1.5"],
    ["num_hidden_layers", 0, "num_hidden_layers must be a whole number"],
    ["num_hidden_layers", -3, "num_hidden_layers must be a whole number"],
    ["num_hidden_layers", "36", 'num_hidden_layers must be a number from 1 to 1024, found "36"'],
    ["num_hidden_layers", Number.NaN, "num_hidden_layers must be a whole number from 1 to 1024, found NaN"],
    ["hidden_size", 2 ** 40, "hidden_size must be a whole number from 1 to 65536"],
    [
      "intermediate_size",
      Number.POSITIVE_INFINITY,
      "intermediate_size must be a whole number from 1 to 262144, found Inf",
    ],
    ["num_attention_heads", 0, "num_attention_heads must be a whole number from 1"],
    ["num_key_value_heads", 0, "num_key_value_heads must be a whole number from 1"],
    ["num_attention_heads", 15, "head_dim must be a whole number from 1 to 1024, found 136.53333333333333"],
    ["head_dim", 2048, "head_dim must be a whole number from 1 to 1024"],
    ["vocab_size", 2 ** 31 - 1, "vocab_size must be a whole number from 1 to 1048576, found 2147483647"],
    ["rms_norm_eps", -1e-6, "rms_norm_eps must be a number above 0"],
    ["rms_norm_eps", Number.NaN, "rms_norm_eps must be a number above 0, at most 1, found NaN"],
    ["rope_theta", 0, "rope_theta must be a number above 0"],
    ["rope_scaling.mrope_section", [16.5, 24, 23.5], "rope_scaling.mrope_section must be 3 whole numbers"],
    ["rope_scaling.mrope_section", [-16, 56, 24], "rope_scaling.mrope_section must be 3 whole numbers"],
    ["image_token_id", 151936, "image_token_id (151936) must lie below vocab_size (151936)"],
    ["image_token_id", -1, "image_token_id must be a whole number from 0"],
    ["tie_word_embeddings", "yes", 'tie_word_embeddings must be true or false, found "yes"'],
    ["vision_config.depth", 1e9, "vision_config.depth must be a whole number from 1 to 1024"],
    ["vision_config.num_heads", 0, "vision_config.num_heads must be a whole number"],
    ["vision_config.patch_size", 0, "vision_config.patch_size must be a whole number from 1 to 256"],
    ["vision_config.spatial_merge_size", -2, "vision_config.spatial_merge_size must be a whole number"],
    ["vision_config.temporal_patch_size", 1e6, "vision_config.temporal_patch_size must be a whole number from 1 to 16"],
    ["vision_config.window_size", 1e12, "vision_config.window_size must be a whole number from 1 to 65536"],
    [
      "vision_config.fullatt_block_indexes",
      [7.5],
      "vision_config.fullatt_block_indexes must be a list of whole numbers",
    ],
    ["vision_config.fullatt_block_indexes", "7", "vision_config.fullatt_block_indexes must be a list of whole numbers"],
    [
      "vision_config.num_heads",
      1,
      "vision_config's hidden_size / num_heads (1280 / 1) must be a multiple of 4, at most 1024",
    ],
  ])("a number that no model has: %s = %j", (path, value, sentence) => {
    expect(() => readConfig(set(published, path, value), preprocessor)).toThrow(`config.json: ${sentence}`);
  });

  test.each([
    [fractionOfLayers, "text_config.num_hidden_layers must be a whole number from 1 to 1024, found 1.5"],
    [billionLayers, "text_config.num_hidden_layers must be a whole number from 1 to 1024, found 1000000000"],
  ])("files from outside: %#", (json, sentence) => {
    expect(() => readConfig(json, preprocessor)).toThrow(`config.json: ${sentence}`);
  });

  test.each([
    ["text_config.attention_bias", true, "text_config.attention_bias is true"],
    ["text_config.rope_scaling.mrope_interleaved", false, "text_config.rope_scaling.mrope_interleaved is false"],
    ["vision_config.deepstack_visual_indexes", [0, 3], "deepstack_visual_indexes (0, 3) must lie below depth (3)"],
    ["vision_config.deepstack_visual_indexes", [1, 1], "deepstack_visual_indexes (1, 1) must differ from each other"],
    ["vision_config.deepstack_visual_indexes", [-1], "deepstack_visual_indexes must be a list of whole numbers"],
    ["vision_config.num_position_embeddings", 35, "num_position_embeddings (35) must be a square"],
    ["text_config", undefined, "has no text_config"],
  ])("in Qwen3-VL, %s = %j", async (path, value, sentence) => {
    const json = set(await jsonOf("qwen3-deepstack"), path, value);
    expect(() => readConfig(json, { ...preprocessor, patch_size: 16 })).toThrow(sentence);
  });
});
