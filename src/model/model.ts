import type { Gpu } from "../gpu/gpu.ts";
import type { Plan } from "../gpu/plan.ts";
import type { Tape } from "../gpu/tape.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { CacheDtype } from "../ops/cache_kernels.ts";
import { type CacheSize, type CacheState, expectCacheable } from "./cache.ts";
import type { ModelConfig } from "./config.ts";
import type { Family } from "./families/family.ts";
import { familyOf } from "./families/table.ts";
import type { LoraAdapter } from "./lora.ts";
import { Parameters, type ParametersOptions } from "./parameters.ts";
import type { Passes, TextInput, VisionOutput, Watch } from "./passes.ts";
import { headName } from "./text_decoder.ts";
import type { VisionRows } from "./vision_rows.ts";
import { Weights } from "./weights.ts";

export interface ModelOptions extends ParametersOptions {
  /** f32 unless given. */
  kvCacheDtype?: CacheDtype;
}

/** What a model is with or without an adapter. */
interface ModelParts {
  gpu: Gpu;
  family: Family;
  config: ModelConfig;
  parameters: Parameters;
  passes: Passes;
  kvCacheDtype: CacheDtype;
}

/**
 * A model of its configuration's family, with weights that are still to be filled.
 * @throws RangeError where the heads cannot be held in kvCacheDtype
 */
export function buildModel(gpu: Gpu, config: ModelConfig, { kvCacheDtype = "f32", ...options }: ModelOptions): Model {
  const family = familyOf(config);
  expectCacheable(config.text, kvCacheDtype);
  const parameters = new Parameters(gpu, family.parameterShapes(config), options);
  const passes = family.passes(gpu, config, kvCacheDtype);
  return new Model({ gpu, family, config, parameters, passes, kvCacheDtype });
}

/** A vision-language model, pictures only: weights by their Hugging Face names, and the two passes of its family. */
export class Model {
  readonly #parts: ModelParts;
  /** Recorded passes keep the adapter that was there when they were recorded. */
  adapter: LoraAdapter | null = null;

  constructor(parts: ModelParts) {
    this.#parts = parts;
  }

  get family(): Family {
    return this.#parts.family;
  }

  get config(): ModelConfig {
    return this.#parts.config;
  }

  /** All weights but the adapter's. */
  get parameters(): Parameters {
    return this.#parts.parameters;
  }

  /** What an optimizer changes: the adapter's weights where there is one, else all. */
  get trained(): Parameters {
    return this.adapter?.parameters ?? this.parameters;
  }

  /**
   * What the keys and values of the text are held in while it samples. Passes without a cache round them to it as well,
   * so that both compute the same bits.
   */
  get kvCacheDtype(): CacheDtype {
    return this.#parts.kvCacheDtype;
  }

  /** (V, C): hidden states -> logits. */
  get head(): Tensor {
    return this.parameters.get(headName(this.config));
  }

  /** What ops/decode.ts needs beside the weights, where the text's layers are what it computes. */
  get angles(): Tensor | null {
    return this.#parts.passes.text.angles ?? null;
  }

  /** The same model on the same weights, as it is without an adapter. */
  withoutAdapter(): Model {
    return new Model(this.#parts);
  }

  /** The same model on weights of its own, which are still to be filled. */
  withOwnWeights(options: ParametersOptions): Model {
    const { gpu, parameters } = this.#parts;
    return new Model({ ...this.#parts, parameters: new Parameters(gpu, parameters.shapes, options) });
  }

  /** Buffers for pictures of this many patches in all, a multiple of the merge block. */
  visionRows(plan: Plan, options: { capacity: number; trained: boolean }): VisionRows {
    return this.family.visionRows(plan, this.config.vision, options);
  }

  newCache(size: CacheSize): CacheState {
    return this.family.newCache(this.#parts.gpu, this.config, size, this.kvCacheDtype);
  }

  /** Patches -> image tokens, in the order of the text. */
  vision(tape: Tape, rows: VisionRows, watch?: Watch): VisionOutput {
    return this.#parts.passes.vision(tape, new Weights(this.parameters, this.adapter), rows, watch);
  }

  /**
   * Rows of text and image tokens -> their last hidden states (N, C), after the final norm. With a cache, they are
   * appended to it and attend to what is in it; without, rows attend to each other.
   */
  text(tape: Tape, input: TextInput): Tensor {
    return this.#parts.passes.text(tape, new Weights(this.parameters, this.adapter), input);
  }
}
