import type { Gpu } from "../../gpu/gpu.ts";
import type { Plan } from "../../gpu/plan.ts";
import type { CoordinateFrame } from "../../image/coordinate_frame.ts";
import type { CacheDtype } from "../../ops/cache_kernels.ts";
import type { CacheSize, CacheState } from "../cache.ts";
import type { ModelConfig, VisionConfig } from "../config.ts";
import type { Section } from "../config_values.ts";
import type { Json } from "../json_file.ts";
import type { ParameterShape } from "../parameters.ts";
import type { Passes } from "../passes.ts";
import type { Grid, PatchOrder } from "../positions.ts";
import type { Preprocessor } from "../preprocessor.ts";
import type { VisionRows } from "../vision_rows.ts";
import type { CallSyntax } from "./call_syntax.ts";

/** The two small files of a checkpoint. */
export interface ModelFiles {
  config: Json;
  preprocessor: Json;
}

/**
 * All that differs between one family of models and another. A family is a folder beside this file, with one such
 * object in it, and a line in table.ts; no other file names it.
 *
 * What a family shares with others it takes from functions (text_decoder.ts, vision_tower.ts, text_config.ts,
 * vision_config.ts). It may have other kinds of layers: `TextConfig.layerTypes` names one for each layer, the text pass
 * has a mixer for each name, `TextConfig.rotaryDim` says how much of a head is rotated, and the cache is opaque to
 * whoever samples, so that it may hold a recurrent state for each sequence beside keys and values for each row.
 */
export interface Family<Vision extends VisionConfig = VisionConfig> {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /** What the numbers of a place in a picture mean that the model writes. */
  readonly frame: CoordinateFrame;
  /** How the model writes a call of a tool; its tokenizer has the tokens. */
  readonly callSyntax: CallSyntax;
  /** Small files of published checkpoints by their names on the Hub, for whoever cannot fetch them. */
  readonly published: Readonly<Record<string, ModelFiles>>;

  /**
   * Reads config.json.
   * @throws Error naming a key that is missing, that changes the mathematics in a way not supported here, or whose
   *         number no model has
   */
  readConfig(config: Json, preprocessor: Section): ModelConfig<Vision>;

  /** Reads the file that says how pictures are resized and normalized. @throws Error naming a key that is not followed */
  readPreprocessor(preprocessor: Section): Preprocessor;

  /** Every weight's Hugging Face name and shape, in the order in which the passes use them. */
  parameterShapes(config: ModelConfig<Vision>): ParameterShape[];

  patchOrder(grid: Grid, vision: Vision): PatchOrder;

  /** Keys that each patch of a picture of this many patches attends to, summed over the tower's blocks: about, for estimates. */
  attendedKeys(vision: Vision, patches: number): number;

  /** Buffers for pictures of this many patches in all, a multiple of the merge block. */
  visionRows(plan: Plan, vision: Vision, options: { capacity: number; trained: boolean }): VisionRows;

  /** What text passes keep of the rows before theirs. @throws RangeError where they cannot be held in the dtype */
  newCache(gpu: Gpu, config: ModelConfig<Vision>, size: CacheSize, dtype: CacheDtype): CacheState;

  /** Both passes, with their tables on the device. @param kvCacheDtype as Model.kvCacheDtype */
  passes(gpu: Gpu, config: ModelConfig<Vision>, kvCacheDtype: CacheDtype): Passes;
}
