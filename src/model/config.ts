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
  /** Whether the three kinds of pairs alternate (Qwen3-VL) or stand in blocks (Qwen2.5-VL). */
  mropeInterleaved: boolean;
  /** Biases of queries, keys and values (Qwen2.5-VL). */
  attentionBias: boolean;
  /** An RMSNorm over every head of queries and keys (Qwen3-VL). */
  headNorm: boolean;
}

interface VisionSizes {
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
  ropeTheta: number;
}

export interface Qwen3Vision extends VisionSizes {
  family: "qwen3_vl";
  /** Rows of the learned position table, a square. */
  numPositionEmbeddings: number;
  /** Blocks after which features are also handed to the first text layers. */
  deepstackVisualIndexes: number[];
}

export interface Qwen25Vision extends VisionSizes {
  family: "qwen2_5_vl";
  /** Side of a window of attention, pixels. */
  windowSize: number;
  /** Blocks whose patches attend to their whole picture, not to their window. */
  fullattBlockIndexes: number[];
}

export type VisionConfig = Qwen3Vision | Qwen25Vision;

export interface ModelConfig<Vision extends VisionConfig = VisionConfig> {
  text: TextConfig;
  vision: Vision;
  tieWordEmbeddings: boolean;
  imageTokenId: number;
}

type Json = Record<string, unknown>;

/**
 * Reads a `config.json`, nested or in the flat layout of the published Qwen2.5-VL files, and what
 * `preprocessor_config.json` says of levels.
 *
 * @throws Error naming a key that is missing, or that changes the mathematics in a way not supported here
 */
export function readConfig(json: Json, preprocessor: Json): ModelConfig {
  const family = json.model_type;
  if (family !== "qwen3_vl" && family !== "qwen2_5_vl")
    throw new Error(`config.json: model_type is ${JSON.stringify(family)}, expected "qwen2_5_vl" or "qwen3_vl"`);
  const isQwen3 = family === "qwen3_vl";
  const flat = !isQwen3 && json.text_config === undefined;
  const text: Section = { json: flat ? json : section(json, "text_config"), path: flat ? "" : "text_config." };
  const vision: Section = { json: section(json, "vision_config"), path: "vision_config." };
  expectOnly({ json, path: "" }, { quantization_config: [null] });
  expectOnly(text, {
    hidden_act: ["silu"],
    attention_bias: [!isQwen3],
    attention_dropout: [0],
    use_sliding_window: [false],
    partial_rotary_factor: [1],
    mlp_bias: [false],
    num_experts: [0, null],
    attn_logit_softcapping: [null],
    final_logit_softcapping: [null],
    quantization_config: [null],
  });
  expectOnly(vision, {
    hidden_act: [isQwen3 ? "gelu_pytorch_tanh" : "silu"],
    in_channels: [3],
    in_chans: [3],
    attention_dropout: [0],
  });
  const layerTypes = text.json.layer_types ?? [];
  if (!Array.isArray(layerTypes) || layerTypes.some((type) => type !== "full_attention"))
    throw new Error(
      `config.json: ${text.path}layer_types is ${JSON.stringify(layerTypes)}, only "full_attention" is supported`,
    );

  const config: ModelConfig = {
    text: readText(text, isQwen3),
    vision: readVision(vision, family, preprocessor),
    tieWordEmbeddings: Boolean(json.tie_word_embeddings ?? text.json.tie_word_embeddings ?? false),
    imageTokenId: number({ json, path: "" }, "image_token_id"),
  };
  checkSizes(config);
  return config;
}

function readText(text: Section, isQwen3: boolean): TextConfig {
  const ropeKey = text.json.rope_parameters ? "rope_parameters" : "rope_scaling";
  const rope: Section = { json: (text.json[ropeKey] ?? {}) as Json, path: `${text.path}${ropeKey}.` };
  // "mrope" is what files before rope_type called the default with sections.
  expectOnly(rope, {
    rope_type: ["default", "mrope"],
    type: ["default", "mrope"],
    mrope_interleaved: [isQwen3],
    factor: [1],
    partial_rotary_factor: [1],
  });
  const hiddenSize = number(text, "hidden_size");
  const numAttentionHeads = number(text, "num_attention_heads");
  return {
    hiddenSize,
    intermediateSize: number(text, "intermediate_size"),
    numHiddenLayers: number(text, "num_hidden_layers"),
    numAttentionHeads,
    numKeyValueHeads: number(text, "num_key_value_heads", numAttentionHeads),
    headDim: number(text, "head_dim", hiddenSize / numAttentionHeads),
    vocabSize: number(text, "vocab_size"),
    rmsNormEps: number(text, "rms_norm_eps"),
    ropeTheta: rope.json.rope_theta === undefined ? number(text, "rope_theta") : number(rope, "rope_theta"),
    mropeSection: numbers(rope, "mrope_section", 3) as [number, number, number],
    mropeInterleaved: isQwen3,
    attentionBias: !isQwen3,
    headNorm: isQwen3,
  };
}

function readVision(vision: Section, family: VisionConfig["family"], preprocessor: Json): VisionConfig {
  const rope: Section = { json: (vision.json.rope_parameters ?? {}) as Json, path: "vision_config.rope_parameters." };
  // Rows turn one half of a head and columns the other; transformers 5 has a name of its own for it.
  expectOnly(rope, { rope_type: ["default", "axial"] });
  const levels: Section = { json: preprocessor, path: "", file: "preprocessor_config.json" };
  const sizes: VisionSizes = {
    hiddenSize: number(vision, "hidden_size"),
    intermediateSize: number(vision, "intermediate_size"),
    depth: number(vision, "depth"),
    numHeads: number(vision, "num_heads"),
    patchSize: number(vision, "patch_size"),
    temporalPatchSize: number(vision, "temporal_patch_size", 2),
    spatialMergeSize: number(vision, "spatial_merge_size", 2),
    imageMean: numbers(levels, "image_mean", 3),
    imageStd: numbers(levels, "image_std", 3),
    outHiddenSize: number(vision, "out_hidden_size"),
    ropeTheta: number(rope, "rope_theta", 10000),
  };
  if (family === "qwen3_vl")
    return {
      ...sizes,
      family,
      numPositionEmbeddings: number(vision, "num_position_embeddings"),
      deepstackVisualIndexes: numbers(vision, "deepstack_visual_indexes", null, []),
    };
  return {
    ...sizes,
    family,
    windowSize: number(vision, "window_size", 112),
    fullattBlockIndexes: numbers(vision, "fullatt_block_indexes", null, [7, 15, 23, 31]),
  };
}

function checkSizes({ text, vision }: ModelConfig): void {
  const visionHead = vision.hiddenSize / vision.numHeads;
  const problems: [boolean, string][] = [
    [
      text.numAttentionHeads % text.numKeyValueHeads === 0,
      `num_attention_heads (${text.numAttentionHeads}) is no multiple of num_key_value_heads (${text.numKeyValueHeads})`,
    ],
    [text.headDim % 2 === 0, `head_dim (${text.headDim}) must be even`],
    [
      text.mropeSection.reduce((a, b) => a + b, 0) === text.headDim / 2,
      `mrope_section (${text.mropeSection.join(", ")}) must add up to head_dim / 2 = ${text.headDim / 2}`,
    ],
    [
      visionHead % 4 === 0,
      `vision_config's hidden_size / num_heads (${vision.hiddenSize} / ${vision.numHeads}) must be a multiple of 4`,
    ],
    [
      vision.outHiddenSize === text.hiddenSize,
      `out_hidden_size (${vision.outHiddenSize}) must equal the text's hidden_size (${text.hiddenSize})`,
    ],
  ];
  if (vision.family === "qwen3_vl") {
    problems.push(
      [
        Number.isInteger(Math.sqrt(vision.numPositionEmbeddings)),
        `num_position_embeddings (${vision.numPositionEmbeddings}) must be a square`,
      ],
      [
        vision.deepstackVisualIndexes.length <= text.numHiddenLayers,
        "there are more deepstack_visual_indexes than text layers",
      ],
      [
        vision.deepstackVisualIndexes.every((i) => i < vision.depth),
        `deepstack_visual_indexes (${vision.deepstackVisualIndexes.join(", ")}) must lie below depth (${vision.depth})`,
      ],
    );
  } else {
    const block = vision.patchSize * vision.spatialMergeSize;
    problems.push([
      vision.windowSize >= block,
      `window_size (${vision.windowSize}) must hold a merge block of ${block} pixels`,
    ]);
  }
  for (const [fine, sentence] of problems) if (!fine) throw new Error(`config.json: ${sentence}`);
}

/** An object in a file, and how errors name its keys. */
interface Section {
  json: Json;
  path: string;
  file?: string;
}

function section(json: Json, key: string): Json {
  const value = json[key];
  if (typeof value !== "object" || value === null) throw new Error(`config.json has no ${key}`);
  return value as Json;
}

const named = ({ path, file = "config.json" }: Section, key: string): string => `${file}: ${path}${key}`;

function number(from: Section, key: string, fallback?: number): number {
  const value = from.json[key] ?? fallback;
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new Error(`${named(from, key)} must be a number, found ${JSON.stringify(value)}`);
  return value;
}

function numbers(from: Section, key: string, count: number | null, fallback?: number[]): number[] {
  const value = from.json[key] ?? fallback;
  if (!Array.isArray(value) || (count !== null && value.length !== count) || !value.every((v) => Number.isFinite(v)))
    throw new Error(`${named(from, key)} must be ${count ?? "a list of"} numbers, found ${JSON.stringify(value)}`);
  return value;
}

/** Keys that change the mathematics: where one stands, it has one of these values. */
function expectOnly(from: Section, allowed: Readonly<Record<string, readonly unknown[]>>): void {
  for (const [key, values] of Object.entries(allowed)) {
    const value = from.json[key];
    if (value !== undefined && !values.includes(value))
      throw new Error(
        `${named(from, key)} is ${JSON.stringify(value)}, only ${JSON.stringify(values[0])} is supported`,
      );
  }
}
