import { KeyValueCache } from "../../cache.ts";
import { processorOrder } from "../../positions.ts";
import { readPreprocessor } from "../../preprocessor.ts";
import { textPass } from "../../text_decoder.ts";
import { VisionRows } from "../../vision_rows.ts";
import { hermesCalls } from "../call_syntax.ts";
import type { Family } from "../family.ts";
import { modelType, type Qwen3Vision, readConfig } from "./config.ts";
import { PositionTableRows } from "./position_table.ts";
import { published } from "./published_sizes.ts";
import { parameterShapes, visionPass } from "./tower.ts";

/** Qwen3-VL: a learned table of positions, features of some blocks for the first text layers, boxes in thousandths. */
export const qwen3VL: Family<Qwen3Vision> = {
  modelType,
  frame: "relative-1000",
  callSyntax: hermesCalls,
  published,
  readConfig,
  readPreprocessor: ({ json, where }) => readPreprocessor(json, where),
  parameterShapes,
  patchOrder: processorOrder,
  attendedKeys: ({ depth }, patches) => depth * patches,
  visionRows: (plan, vision, options) =>
    new VisionRows(plan, vision, {
      ...options,
      patchesOf: (grid) => processorOrder(grid).patches,
      own: new PositionTableRows(plan, vision, options),
    }),
  newCache: (gpu, { text }, { rows }, dtype) => new KeyValueCache(gpu, text, rows, dtype),
  passes: (gpu, { vision, text }, kvCacheDtype) => ({
    vision: visionPass(gpu, vision),
    text: textPass(gpu, text, kvCacheDtype),
  }),
};
