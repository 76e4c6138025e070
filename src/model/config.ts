/** The usual kind of layer, in the names of `layer_types`. */
export const fullAttention = "full_attention";

/** The sizes and constants of a checkpoint, from its `config.json`; names are Hugging Face's in camel case. */
export interface TextConfig {
  hiddenSize: number;
  intermediateSize: number;
  numHiddenLayers: number;
  /** What mixes the tokens in each layer, in the names of `layer_types`; one a layer. */
  layerTypes: readonly string[];
  numAttentionHeads: number;
  numKeyValueHeads: number;
  headDim: number;
  vocabSize: number;
  rmsNormEps: number;
  ropeTheta: number;
  /** Components of a head that are rotated, the first ones. */
  rotaryDim: number;
  /** Rotary pairs that follow (time, height, width); they add up to rotaryDim / 2. */
  mropeSection: [number, number, number];
  /** Whether the three kinds of pairs alternate, or come in blocks. */
  mropeInterleaved: boolean;
  /** Biases of queries, keys and values. */
  attentionBias: boolean;
  /** An RMSNorm over every head of queries and keys. */
  headNorm: boolean;
}

/** What the vision towers of all families have. */
export interface VisionConfig {
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

export interface ModelConfig<Vision extends VisionConfig = VisionConfig> {
  /** `model_type`, by which the model's family is found in the table of families. */
  modelType: string;
  text: TextConfig;
  vision: Vision;
  tieWordEmbeddings: boolean;
  imageTokenId: number;
}

/** Numbers in weights of these shapes. */
export const parameterCount = (shapes: readonly { shape: readonly number[] }[]): number =>
  shapes.reduce((total, { shape }) => total + shape.reduce((product, side) => product * side, 1), 0);
