import { expectOnly, flag, positive, type Section, section, whole, wholes } from "./config_values.ts";
import { excerpt, type Json } from "./json_file.ts";
import { ownKeys, readPreprocessor } from "./preprocessor.ts";
import { readPublished } from "./quantize/published.ts";

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
  /** From the preprocessor's file: levels in 0 to 1 are normalized by these, per channel. */
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

/**
 * Reads a `config.json`, nested or in the flat layout of the published Qwen2.5-VL files, and what the preprocessor's
 * file says of levels and patches.
 *
 * @param where  how errors name keys of the preprocessor
 * @throws Error naming a key that is missing, that changes the mathematics in a way not supported here, or whose
 *         number no model has
 */
export function readConfig(json: Json, preprocessor: Json, where = ownKeys): ModelConfig {
  const family = json.model_type;
  if (family !== "qwen3_vl" && family !== "qwen2_5_vl")
    throw new Error(`config.json: model_type is ${excerpt(family)}, expected "qwen2_5_vl" or "qwen3_vl"`);
  const isQwen3 = family === "qwen3_vl";
  const flat = !isQwen3 && (json.text_config ?? null) === null;
  const root: Section = { json, where: "config.json: " };
  const text = flat ? root : section(root, "text_config");
  const vision = section(root, "vision_config");
  readPublished(json);
  expectOnly(text, {
    hidden_act: ["silu"],
    attention_bias: [!isQwen3],
    attention_dropout: [0, null],
    use_sliding_window: [false, null],
    partial_rotary_factor: [1],
    mlp_bias: [false],
    num_experts: [0, null],
    attn_logit_softcapping: [null],
    final_logit_softcapping: [null],
  });
  expectOnly(vision, {
    hidden_act: [isQwen3 ? "gelu_pytorch_tanh" : "silu"],
    in_channels: [3],
    in_chans: [3],
    attention_dropout: [0, null],
  });
  const layerTypes = text.json.layer_types ?? [];
  if (!Array.isArray(layerTypes) || layerTypes.some((type) => type !== "full_attention"))
    throw new Error(`${text.where}layer_types is ${excerpt(layerTypes)}, only "full_attention" is supported`);

  const config: ModelConfig = {
    text: readText(text, isQwen3),
    vision: readVision(vision, family, preprocessor, where),
    tieWordEmbeddings: readTied(root, text, isQwen3),
    imageTokenId: whole(root, "image_token_id", most.vocabulary, { least: 0 }),
  };
  checkSizes(config);
  return config;
}

/** Largest values of any model that a device could hold, and then some: a file with more is damaged or hostile. */
const most = {
  width: 2 ** 16,
  feedForward: 2 ** 18,
  layers: 1024,
  heads: 1024,
  headDim: 1024,
  vocabulary: 2 ** 20,
  patch: 256,
  frames: 16,
  window: 2 ** 16,
  positions: 2 ** 20,
};

/** Before transformers 5 the text's key counted; Qwen2.5-VL's configuration still looks at both. */
function readTied(root: Section, text: Section, isQwen3: boolean): boolean {
  const own = flag(root, "tie_word_embeddings");
  const ofText = flag(text, "tie_word_embeddings");
  return isQwen3 ? (own ?? ofText ?? false) : own === true || ofText === true;
}

function readText(text: Section, isQwen3: boolean): TextConfig {
  const ropeKey = text.json.rope_parameters ? "rope_parameters" : "rope_scaling";
  const rope: Section = { json: (text.json[ropeKey] ?? {}) as Json, where: `${text.where}${ropeKey}.` };
  // "mrope" is what files before rope_type called the default with sections.
  expectOnly(rope, {
    rope_type: ["default", "mrope"],
    type: ["default", "mrope"],
    mrope_interleaved: [isQwen3],
    factor: [1],
    partial_rotary_factor: [1],
  });
  const hiddenSize = whole(text, "hidden_size", most.width);
  const numAttentionHeads = whole(text, "num_attention_heads", most.heads);
  return {
    hiddenSize,
    intermediateSize: whole(text, "intermediate_size", most.feedForward),
    numHiddenLayers: whole(text, "num_hidden_layers", most.layers),
    numAttentionHeads,
    numKeyValueHeads: whole(text, "num_key_value_heads", most.heads, { fallback: numAttentionHeads }),
    headDim: whole(text, "head_dim", most.headDim, { fallback: hiddenSize / numAttentionHeads }),
    vocabSize: whole(text, "vocab_size", most.vocabulary),
    rmsNormEps: positive(text, "rms_norm_eps", 1),
    ropeTheta: positive(rope.json.rope_theta === undefined ? text : rope, "rope_theta", 1e12),
    mropeSection: wholes(rope, "mrope_section", most.headDim, { count: 3 }) as [number, number, number],
    mropeInterleaved: isQwen3,
    attentionBias: !isQwen3,
    headNorm: isQwen3,
  };
}

function readVision(vision: Section, family: VisionConfig["family"], preprocessor: Json, where: string): VisionConfig {
  const rope: Section = { json: (vision.json.rope_parameters ?? {}) as Json, where: `${vision.where}rope_parameters.` };
  // Rows turn one half of a head and columns the other; transformers 5 has a name of its own for it.
  expectOnly(rope, { rope_type: ["default", "axial"] });
  const shown = readPreprocessor(preprocessor, where);
  const sizes: VisionSizes = {
    hiddenSize: whole(vision, "hidden_size", most.width),
    intermediateSize: whole(vision, "intermediate_size", most.feedForward),
    depth: whole(vision, "depth", most.layers),
    numHeads: whole(vision, "num_heads", most.heads),
    patchSize: whole(vision, "patch_size", most.patch),
    temporalPatchSize: whole(vision, "temporal_patch_size", most.frames, { fallback: 2 }),
    spatialMergeSize: whole(vision, "spatial_merge_size", most.frames, { fallback: 2 }),
    imageMean: shown.imageMean,
    imageStd: shown.imageStd,
    outHiddenSize: whole(vision, "out_hidden_size", most.width),
    ropeTheta: positive(rope, "rope_theta", 1e12, 10_000),
  };
  // The tower has weights for one size of patch; transformers ends in an error about shapes where they differ.
  for (const [key, ofPictures, ofTower] of [
    ["patch_size", shown.patchSize, sizes.patchSize],
    ["temporal_patch_size", shown.temporalPatchSize, sizes.temporalPatchSize],
    ["merge_size", shown.mergeSize, sizes.spatialMergeSize],
  ] as const)
    if (ofPictures !== ofTower)
      throw new Error(
        `${where}${key} is ${ofPictures}${preprocessor[key] ? "" : " (the default, as the file does not say)"}, vision_config of config.json has ${ofTower}; the files belong to different models`,
      );
  if (family === "qwen3_vl")
    return {
      ...sizes,
      family,
      numPositionEmbeddings: whole(vision, "num_position_embeddings", most.positions),
      deepstackVisualIndexes: wholes(vision, "deepstack_visual_indexes", most.layers, { fallback: [] }),
    };
  return {
    ...sizes,
    family,
    windowSize: whole(vision, "window_size", most.window, { fallback: 112 }),
    fullattBlockIndexes: wholes(vision, "fullatt_block_indexes", most.layers, { fallback: [7, 15, 23, 31] }),
  };
}

function checkSizes({ text, vision, imageTokenId }: ModelConfig): void {
  const visionHead = vision.hiddenSize / vision.numHeads;
  const problems: [boolean, string][] = [
    [
      text.numAttentionHeads % text.numKeyValueHeads === 0,
      `num_attention_heads (${text.numAttentionHeads}) is no multiple of num_key_value_heads (${text.numKeyValueHeads})`,
    ],
    [imageTokenId < text.vocabSize, `image_token_id (${imageTokenId}) must lie below vocab_size (${text.vocabSize})`],
    [text.headDim % 2 === 0, `head_dim (${text.headDim}) must be even`],
    [
      text.mropeSection.reduce((a, b) => a + b, 0) === text.headDim / 2,
      `mrope_section (${text.mropeSection.join(", ")}) must add up to head_dim / 2 = ${text.headDim / 2}`,
    ],
    [
      visionHead % 4 === 0 && visionHead <= most.headDim,
      `vision_config's hidden_size / num_heads (${vision.hiddenSize} / ${vision.numHeads}) must be a multiple of 4, at most ${most.headDim}`,
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
      [
        new Set(vision.deepstackVisualIndexes).size === vision.deepstackVisualIndexes.length,
        `deepstack_visual_indexes (${vision.deepstackVisualIndexes.join(", ")}) must differ from each other`,
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
