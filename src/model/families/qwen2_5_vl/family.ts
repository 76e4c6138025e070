import { KeyValueCache } from "../../cache.ts";
import { readPreprocessor } from "../../preprocessor.ts";
import { textPass } from "../../text_decoder.ts";
import { VisionRows } from "../../vision_rows.ts";
import { hermesCalls } from "../call_syntax.ts";
import type { Family } from "../family.ts";
import { modelType, type Qwen25Vision, readConfig } from "./config.ts";
import { published } from "./published_sizes.ts";
import { parameterShapes, visionPass } from "./tower.ts";
import { patchOrder, WindowRows } from "./windows.ts";

/** Qwen2.5-VL: attention in windows in most blocks of the tower, boxes in pixels of the model's input. */
export const qwen25VL: Family<Qwen25Vision> = {
  modelType,
  frame: "input-pixels",
  callSyntax: hermesCalls,
  published,
  readConfig,
  readPreprocessor: ({ json, where }) => readPreprocessor(json, where),
  parameterShapes,
  patchOrder,
  attendedKeys: ({ depth, fullattBlockIndexes, windowSize, patchSize }, patches) => {
    const whole = fullattBlockIndexes.length;
    return whole * patches + (depth - whole) * (windowSize / patchSize) ** 2;
  },
  visionRows: (plan, vision, options) =>
    new VisionRows(plan, vision, {
      ...options,
      patchesOf: (grid) => patchOrder(grid, vision).patches,
      own: new WindowRows(plan, vision, options),
    }),
  newCache: (gpu, { text }, { rows }, dtype) => new KeyValueCache(gpu, text, rows, dtype),
  passes: (gpu, { vision, text }, kvCacheDtype) => ({
    vision: visionPass(gpu, vision),
    text: textPass(gpu, text, kvCacheDtype),
  }),
};
