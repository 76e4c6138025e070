import type { ModelConfig, VisionConfig } from "../config.ts";
import { expectOnly, positive, type Section, whole } from "../config_values.ts";
import type { Json } from "../json_file.ts";
import { readPreprocessor } from "../preprocessor.ts";
import { most } from "./largest_sizes.ts";

/**
 * Reads the sizes that all towers have.
 * @param activation what hidden_act must be
 * @throws Error as Family.readConfig does
 */
export function readVision(vision: Section, preprocessor: Section, activation: string): VisionConfig {
  expectOnly(vision, {
    hidden_act: [activation],
    in_channels: [3],
    in_chans: [3],
    attention_dropout: [0, null],
  });
  const rope: Section = { json: (vision.json.rope_parameters ?? {}) as Json, where: `${vision.where}rope_parameters.` };
  // Rows turn one half of a head and columns the other; transformers 5 has a name of its own for it.
  expectOnly(rope, { rope_type: ["default", "axial"] });
  const pictures = readPreprocessor(preprocessor.json, preprocessor.where);
  const sizes: VisionConfig = {
    hiddenSize: whole(vision, "hidden_size", most.width),
    intermediateSize: whole(vision, "intermediate_size", most.feedForward),
    depth: whole(vision, "depth", most.layers),
    numHeads: whole(vision, "num_heads", most.heads),
    patchSize: whole(vision, "patch_size", most.patch),
    temporalPatchSize: whole(vision, "temporal_patch_size", most.frames, { fallback: 2 }),
    spatialMergeSize: whole(vision, "spatial_merge_size", most.frames, { fallback: 2 }),
    imageMean: pictures.imageMean,
    imageStd: pictures.imageStd,
    outHiddenSize: whole(vision, "out_hidden_size", most.width),
    ropeTheta: positive(rope, "rope_theta", 1e12, 10_000),
  };
  // The tower has weights for one size of patch; transformers ends in an error about shapes where they differ.
  for (const [key, ofPictures, ofTower] of [
    ["patch_size", pictures.patchSize, sizes.patchSize],
    ["temporal_patch_size", pictures.temporalPatchSize, sizes.temporalPatchSize],
    ["merge_size", pictures.mergeSize, sizes.spatialMergeSize],
  ] as const)
    if (ofPictures !== ofTower)
      throw new Error(
        `${preprocessor.where}${key} is ${ofPictures}${preprocessor.json[key] ? "" : " (the default, as the file does not say)"}, vision_config of config.json has ${ofTower}; the files belong to different models`,
      );
  return sizes;
}

/** What must hold between the parts of a model, with a sentence for where it does not. */
export const visionProblems = ({ text, vision, imageTokenId }: ModelConfig): [holds: boolean, sentence: string][] => {
  const headDim = vision.hiddenSize / vision.numHeads;
  return [
    [imageTokenId < text.vocabSize, `image_token_id (${imageTokenId}) must lie below vocab_size (${text.vocabSize})`],
    [
      headDim % 4 === 0 && headDim <= most.headDim,
      `vision_config's hidden_size / num_heads (${vision.hiddenSize} / ${vision.numHeads}) must be a multiple of 4, at most ${most.headDim}`,
    ],
    [
      vision.outHiddenSize === text.hiddenSize,
      `out_hidden_size (${vision.outHiddenSize}) must equal the text's hidden_size (${text.hiddenSize})`,
    ],
  ];
};

/** @throws Error with the first sentence of what does not hold */
export function expectAll(problems: readonly [holds: boolean, sentence: string][]): void {
  for (const [holds, sentence] of problems) if (!holds) throw new Error(`config.json: ${sentence}`);
}
