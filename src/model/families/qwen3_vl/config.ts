import type { ModelConfig, VisionConfig } from "../../config.ts";
import { type Section, section, whole, wholes } from "../../config_values.ts";
import type { Json } from "../../json_file.ts";
import { most } from "../largest_sizes.ts";
import { readText, textProblems, tiedFlags } from "../text_config.ts";
import { expectAll, readVision, visionProblems } from "../vision_config.ts";

export const modelType = "qwen3_vl";

export interface Qwen3Vision extends VisionConfig {
  /** Rows of the learned position table, a square. */
  numPositionEmbeddings: number;
  /** Blocks after which features are also handed to the first text layers. */
  deepstackVisualIndexes: number[];
}

/** Reads a config.json of Qwen3-VL. @throws Error as Family.readConfig does */
export function readConfig(json: Json, preprocessor: Section): ModelConfig<Qwen3Vision> {
  const root: Section = { json, where: "config.json: " };
  const text = section(root, "text_config");
  const vision = section(root, "vision_config");
  const [tied, textTied] = tiedFlags(root, text);
  const config: ModelConfig<Qwen3Vision> = {
    modelType,
    text: readText(text, { mropeInterleaved: true, attentionBias: false, headNorm: true }),
    vision: {
      ...readVision(vision, preprocessor, "gelu_pytorch_tanh"),
      numPositionEmbeddings: whole(vision, "num_position_embeddings", most.positions),
      deepstackVisualIndexes: wholes(vision, "deepstack_visual_indexes", most.layers, { fallback: [] }),
    },
    tieWordEmbeddings: tied ?? textTied ?? false,
    imageTokenId: whole(root, "image_token_id", most.vocabulary, { least: 0 }),
  };
  expectAll([...textProblems(config.text), ...visionProblems(config), ...ownProblems(config)]);
  return config;
}

function ownProblems({ text, vision }: ModelConfig<Qwen3Vision>): [holds: boolean, sentence: string][] {
  const { numPositionEmbeddings, deepstackVisualIndexes: indexes, depth } = vision;
  const named = `deepstack_visual_indexes (${indexes.join(", ")})`;
  return [
    [
      Number.isInteger(Math.sqrt(numPositionEmbeddings)),
      `num_position_embeddings (${numPositionEmbeddings}) must be a square`,
    ],
    [indexes.length <= text.numHiddenLayers, "there are more deepstack_visual_indexes than text layers"],
    [indexes.every((i) => i < depth), `${named} must lie below depth (${depth})`],
    [new Set(indexes).size === indexes.length, `${named} must differ from each other`],
  ];
}
