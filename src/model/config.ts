/** The sizes and constants of a checkpoint, from its `config.json`; names are Hugging Face's in camel case. */
export interface TextConfig {
  hiddenSize: number;
  intermediateSize: number;
  numHiddenLayers: number;
  numAttentionHeads: number;
  numKeyValueHeads: number;
  headDim: number;
  vocabSize: number;
  rmsNormEps: number;
  ropeTheta: number;
  /** Rotary pairs turned by (time, height, width); they add up to headDim / 2. */
  mropeSection: [number, number, number];
}

export interface VisionConfig {
  hiddenSize: number;
  intermediateSize: number;
  depth: number;
  numHeads: number;
  patchSize: number;
  temporalPatchSize: number;
  spatialMergeSize: number;
  /** From preprocessor_config.json: levels in 0 to 1 are normalized by these, per channel. */
  imageMean: number[];
  imageStd: number[];
  outHiddenSize: number;
  /** Rows of the learned position table, a square. */
  numPositionEmbeddings: number;
  /** Blocks after which features are also handed to the first text layers. */
  deepstackVisualIndexes: number[];
  ropeTheta: number;
}

export interface ModelConfig {
  modelType: "qwen3_vl";
  text: TextConfig;
  vision: VisionConfig;
  tieWordEmbeddings: boolean;
  imageTokenId: number;
}

type Json = Record<string, unknown>;

/** Reads a `config.json` and what `preprocessor_config.json` says of levels. @throws Error naming a key that is missing, or that changes the mathematics in a way not supported here. */
export function readConfig(json: Json, preprocessor: Json): ModelConfig {
  if (json.model_type !== "qwen3_vl")
    throw new Error(`config.json: model_type is "${json.model_type}", this build reads "qwen3_vl"`);
  const text = section(json, "text_config");
  const vision = section(json, "vision_config");
  const rope = (text.rope_parameters ?? text.rope_scaling ?? {}) as Json;
  const visionRope = (vision.rope_parameters ?? {}) as Json;

  expectValue(text, "text_config.hidden_act", "silu");
  expectValue(text, "text_config.attention_bias", false, false);
  expectValue(vision, "vision_config.hidden_act", "gelu_pytorch_tanh");
  expectValue(vision, "vision_config.in_channels", 3, 3);
  const ropeType = rope.rope_type ?? rope.type ?? "default";
  if (ropeType !== "default") throw new Error(`config.json: rope_type "${ropeType}" is not supported, expected "default"`);
  if (rope.mrope_interleaved === false) throw new Error("config.json: mrope_interleaved is false; Qwen3-VL interleaves its rotary sections");

  const hiddenSize = number(text, "text_config.hidden_size");
  const numAttentionHeads = number(text, "text_config.num_attention_heads");
  const config: ModelConfig = {
    modelType: "qwen3_vl",
    text: {
      hiddenSize,
      intermediateSize: number(text, "text_config.intermediate_size"),
      numHiddenLayers: number(text, "text_config.num_hidden_layers"),
      numAttentionHeads,
      numKeyValueHeads: number(text, "text_config.num_key_value_heads"),
      headDim: number(text, "text_config.head_dim", hiddenSize / numAttentionHeads),
      vocabSize: number(text, "text_config.vocab_size"),
      rmsNormEps: number(text, "text_config.rms_norm_eps"),
      ropeTheta: Number(rope.rope_theta ?? text.rope_theta ?? Number.NaN),
      mropeSection: (rope.mrope_section ?? []) as [number, number, number],
    },
    vision: {
      hiddenSize: number(vision, "vision_config.hidden_size"),
      intermediateSize: number(vision, "vision_config.intermediate_size"),
      depth: number(vision, "vision_config.depth"),
      numHeads: number(vision, "vision_config.num_heads"),
      patchSize: number(vision, "vision_config.patch_size"),
      temporalPatchSize: number(vision, "vision_config.temporal_patch_size"),
      spatialMergeSize: number(vision, "vision_config.spatial_merge_size"),
      imageMean: triple(preprocessor, "image_mean"),
      imageStd: triple(preprocessor, "image_std"),
      outHiddenSize: number(vision, "vision_config.out_hidden_size"),
      numPositionEmbeddings: number(vision, "vision_config.num_position_embeddings"),
      deepstackVisualIndexes: (vision.deepstack_visual_indexes ?? []) as number[],
      ropeTheta: Number(visionRope.rope_theta ?? 10000),
    },
    tieWordEmbeddings: Boolean(json.tie_word_embeddings ?? text.tie_word_embeddings ?? false),
    imageTokenId: number(json, "image_token_id"),
  };
  checkSizes(config);
  return config;
}

function checkSizes({ text, vision }: ModelConfig): void {
  const problems: [boolean, string][] = [
    [Number.isFinite(text.ropeTheta), "rope_theta is missing from text_config"],
    [text.numAttentionHeads % text.numKeyValueHeads === 0, `num_attention_heads (${text.numAttentionHeads}) is no multiple of num_key_value_heads (${text.numKeyValueHeads})`],
    [text.headDim % 2 === 0, `head_dim (${text.headDim}) must be even`],
    [
      text.mropeSection.length === 3 && text.mropeSection.reduce((a, b) => a + b, 0) === text.headDim / 2,
      `mrope_section (${text.mropeSection.join(", ")}) must be three numbers that add up to head_dim / 2 = ${text.headDim / 2}`,
    ],
    [vision.hiddenSize % vision.numHeads === 0, `vision hidden_size (${vision.hiddenSize}) is no multiple of num_heads (${vision.numHeads})`],
    [(vision.hiddenSize / vision.numHeads) % 4 === 0, `vision head size (${vision.hiddenSize / vision.numHeads}) must be a multiple of 4`],
    [Number.isInteger(Math.sqrt(vision.numPositionEmbeddings)), `num_position_embeddings (${vision.numPositionEmbeddings}) must be a square`],
    [vision.outHiddenSize === text.hiddenSize, `out_hidden_size (${vision.outHiddenSize}) must equal the text's hidden_size (${text.hiddenSize})`],
    [vision.deepstackVisualIndexes.length <= text.numHiddenLayers, "there are more deepstack_visual_indexes than text layers"],
  ];
  for (const [fine, sentence] of problems) if (!fine) throw new Error(`config.json: ${sentence}`);
}

function section(json: Json, key: string): Json {
  const value = json[key];
  if (typeof value !== "object" || value === null) throw new Error(`config.json has no ${key}`);
  return value as Json;
}

const last = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

function number(json: Json, path: string, fallback?: number): number {
  const value = json[last(path)] ?? fallback;
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Error(`config.json: ${path} must be a number, found ${JSON.stringify(value)}`);
  return value;
}

function triple(json: Json, key: string): number[] {
  const value = json[key];
  if (!Array.isArray(value) || value.length !== 3 || !value.every((v) => typeof v === "number"))
    throw new Error(`preprocessor_config.json: ${key} must be three numbers, found ${JSON.stringify(value)}`);
  return value;
}

function expectValue(json: Json, path: string, expected: unknown, fallback?: unknown): void {
  const value = json[last(path)] ?? fallback;
  if (value !== expected) throw new Error(`config.json: ${path} is ${JSON.stringify(value)}, only ${JSON.stringify(expected)} is supported`);
}
