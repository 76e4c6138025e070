import { shippedWeightsBytes } from "../labels/shipped_weights.ts";

/** A model that can be chosen without knowing its name. */
export interface KnownModel {
  /** As the knob `model` has it. */
  name: string;
  parameters: number;
  /** Of its files of weights. */
  weightsBytes: number;
  licence: string;
  /** One sentence. */
  about: string;
}

const bf16Bytes = 2;
const onHub = (name: string, parameters: number, licence: string, about: string): KnownModel => ({
  name: `${name}@main`,
  parameters,
  weightsBytes: parameters * bf16Bytes,
  licence,
  about,
});

/** Weights that come with the page. */
export const shippedModels: readonly KnownModel[] = [
  {
    name: "needle",
    parameters: 1_436_160,
    weightsBytes: shippedWeightsBytes.needle,
    licence: "Apache-2.0",
    about: "Comes with the page. It must zoom to read the digit, and learns that in minutes.",
  },
  {
    name: "story",
    parameters: 1_436_160,
    weightsBytes: shippedWeightsBytes.story,
    licence: "Apache-2.0",
    about: "Comes with the page. It can often read the digit at first sight.",
  },
  {
    name: "worlds",
    parameters: 4_470_336,
    weightsBytes: shippedWeightsBytes.worlds,
    licence: "Apache-2.0",
    about:
      "Comes with the page, and is loaded once a run needs it. It was taught six worlds and to chain zooms; its presets are Hunt, Relate, Read, Count and Budget.",
  },
];

/** On the Hub: what DeepEyes began with, and smaller ones. Licences as their cards name them, of 2025. */
export const hubModels: readonly KnownModel[] = [
  onHub("Qwen/Qwen3-VL-2B-Instruct", 2_127_532_032, "Apache-2.0", "The smallest that answers real questions."),
  onHub(
    "Qwen/Qwen2.5-VL-3B-Instruct",
    3_754_622_976,
    "Qwen Research, not commercial",
    "A small relative of DeepEyes’ own.",
  ),
  onHub("Qwen/Qwen3-VL-4B-Instruct", 4_437_815_808, "Apache-2.0", "Between the two."),
  onHub("Qwen/Qwen2.5-VL-7B-Instruct", 8_292_166_656, "Apache-2.0", "What DeepEyes 7B began with."),
  onHub("Qwen/Qwen3-VL-8B-Instruct", 8_767_123_696, "Apache-2.0", "The newer one of that size."),
  onHub("Qwen/Qwen2.5-VL-32B-Instruct", 33_452_718_336, "Apache-2.0", "What DeepEyes 32B began with; for large cards."),
];
