import type { ModelConfig, VisionConfig } from "../../config.ts";
import { type Section, section, whole, wholes } from "../../config_values.ts";
import type { Json } from "../../json_file.ts";
import { most } from "../largest_sizes.ts";
import { readText, textProblems, tiedFlags } from "../text_config.ts";
import { expectAll, readVision, visionProblems } from "../vision_config.ts";

export const modelType = "qwen2_5_vl";

export interface Qwen25Vision extends VisionConfig {
  /** Side of a window of attention, pixels. */
  windowSize: number;
  /** Blocks whose patches attend to their whole picture, not to their window. */
  fullattBlockIndexes: number[];
}

/** Reads a config.json of Qwen2.5-VL, nested or in the flat layout of the published files. @throws Error as Family.readConfig does */
export function readConfig(json: Json, preprocessor: Section): ModelConfig<Qwen25Vision> {
  const root: Section = { json, where: "config.json: " };
  const isFlat = (json.text_config ?? null) === null;
  const text = isFlat ? root : section(root, "text_config");
  const vision = section(root, "vision_config");
  // transformers looks at both keys.
  const isTied = tiedFlags(root, text).includes(true);
  const config: ModelConfig<Qwen25Vision> = {
    modelType,
    text: readText(text, { mropeInterleaved: false, attentionBias: true, headNorm: false }),
    vision: {
      ...readVision(vision, preprocessor, "silu"),
      windowSize: whole(vision, "window_size", most.window, { fallback: 112 }),
      fullattBlockIndexes: wholes(vision, "fullatt_block_indexes", most.layers, { fallback: [7, 15, 23, 31] }),
    },
    tieWordEmbeddings: isTied,
    imageTokenId: whole(root, "image_token_id", most.vocabulary, { least: 0 }),
  };
  const block = config.vision.patchSize * config.vision.spatialMergeSize;
  expectAll([
    ...textProblems(config.text),
    ...visionProblems(config),
    [
      config.vision.windowSize >= block,
      `window_size (${config.vision.windowSize}) must hold a merge block of ${block} pixels`,
    ],
  ]);
  return config;
}
