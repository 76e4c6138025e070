import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { reshape, type Tensor } from "../gpu/tensor.ts";
import { attention, type Spans } from "../ops/attention.ts";
import type { CacheDtype } from "../ops/cache_kernels.ts";
import { heads } from "../ops/heads.ts";
import { inverseFrequencies, ropeTable, rotationsOf } from "../ops/rope.ts";
import { type Cache, expectCacheable } from "./cache.ts";
import type { ModelConfig, VisionConfig } from "./config.ts";
import { Decoder, headName } from "./decoder.ts";
import type { LoraAdapter } from "./lora.ts";
import type { Model, VisionOutput, Watch } from "./model.ts";
import { type ParameterShape, Parameters, type ParametersOptions } from "./parameters.ts";
import { maxPatchSide } from "./positions.ts";
import type { TextRows } from "./text_rows.ts";
import type { VisionRows } from "./vision_rows.ts";
import { Weights } from "./weights.ts";

/** What both families share: weights, the language model and the rotary embedding of patches. */
export abstract class QwenVL<Vision extends VisionConfig> implements Model {
  protected readonly weights: Weights;
  readonly #decoder: Decoder;
  readonly #visionTable: Tensor;
  readonly #visionAxes: Tensor;

  constructor(
    gpu: Gpu,
    readonly config: ModelConfig<Vision>,
    shapes: readonly ParameterShape[],
    options: ParametersOptions,
  ) {
    this.weights = new Weights(new Parameters(gpu, shapes, options));
    this.#decoder = new Decoder(gpu, config.text, this.weights);
    // The first quarter of a head turns by the patch's row, the second by its column, with the same frequencies.
    const half = config.vision.hiddenSize / config.vision.numHeads / 2;
    const quarter = Array.from(inverseFrequencies(half, config.vision.ropeTheta));
    this.#visionTable = gpu.uploadComputed("vision.rope", () => ropeTable(maxPatchSide, [...quarter, ...quarter]), [
      maxPatchSide,
      half,
      2,
    ]);
    this.#visionAxes = gpu.upload(
      "vision.axes",
      Uint32Array.from({ length: half }, (_, i) => (i < half / 2 ? 0 : 1)),
      [half],
    );
  }

  get parameters(): Parameters {
    return this.weights.parameters;
  }

  get trained(): Parameters {
    return this.adapter?.parameters ?? this.parameters;
  }

  get adapter(): LoraAdapter | null {
    return this.weights.adapter;
  }

  set adapter(adapter: LoraAdapter | null) {
    this.weights.adapter = adapter;
  }

  get kvCacheDtype(): CacheDtype {
    return this.#decoder.kvCacheDtype;
  }

  set kvCacheDtype(dtype: CacheDtype) {
    expectCacheable(this.config.text, dtype);
    this.#decoder.kvCacheDtype = dtype;
  }

  get head(): Tensor {
    return this.weights.get(headName(this.config));
  }

  abstract vision(tape: Tape, rows: VisionRows, watch?: Watch): VisionOutput;

  text(tape: Tape, rows: TextRows, vision: VisionOutput | null, cache?: Cache, watch?: Watch): Tensor {
    return this.#decoder.run(tape, rows, vision, cache, watch);
  }

  /** How far heads turn in each patch; for all blocks. */
  protected patchRotations(tape: Tape, rows: VisionRows): Tensor {
    return rotationsOf(tape, rows.positions, this.#visionTable, this.#visionAxes);
  }

  /**
   * Attention of a vision block without its output projection.
   *
   * @param module  the packed linear layer of queries, keys and values
   * @param y       (P, C)
   * @returns       (P, C)
   */
  protected attendPatches(tape: Tape, module: string, y: Tensor, rotations: Tensor, spans: Spans): Tensor {
    const { hiddenSize: C, numHeads: H } = this.config.vision;
    const { q, k, v } = heads(tape, this.weights.linear(tape, module, y), { H, K: H, rotations });
    return reshape(attention(tape, { q, k, v, spans, scale: (C / H) ** -0.5 }), y.shape[0]!, C);
  }
}
