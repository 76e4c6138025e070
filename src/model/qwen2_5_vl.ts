import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { reshape, type Tensor } from "../gpu/tensor.ts";
import { gather } from "../ops/gather.ts";
import { gelu } from "../ops/gelu.ts";
import { linear } from "../ops/linear.ts";
import { rmsnorm } from "../ops/rmsnorm.ts";
import type { ModelConfig, Qwen25Vision } from "./config.ts";
import { decoderShapes } from "./decoder.ts";
import type { VisionOutput, Watch } from "./model.ts";
import type { ParameterShape, ParametersOptions } from "./parameters.ts";
import { QwenVL } from "./qwen_vl.ts";
import type { VisionRows } from "./vision_rows.ts";
import { Shapes } from "./weights.ts";

/** RMSNorm epsilon of the vision tower; a constant in transformers' modelling file. */
const eps = 1e-6;

const prefix = "model.visual";

/**
 * Qwen2.5-VL as Hugging Face has it (transformers, `models/qwen2_5_vl/modeling_qwen2_5_vl.py`). Patches stand window
 * by window all through the tower, as VisionRows puts them.
 */
export class Qwen25VL extends QwenVL<Qwen25Vision> {
  constructor(gpu: Gpu, config: ModelConfig<Qwen25Vision>, options: ParametersOptions) {
    super(gpu, config, parameterShapes(config), options);
  }

  vision(tape: Tape, rows: VisionRows, watch?: Watch): VisionOutput {
    const { vision: c } = this.config;
    const C = c.hiddenSize;

    const rotations = this.patchRotations(tape, rows);
    const pixels = rows.pixelValues();
    const kernel = reshape(this.weights.get(`${prefix}.patch_embed.proj.weight`), C, pixels.shape[1]!);
    let x = linear(tape, pixels, kernel);
    watch?.("vision.patch_embed", x);

    for (let i = 0; i < c.depth; i++) {
      const input = x;
      x = tape.layer(() => this.#block(tape, i, input, rows, rotations));
      watch?.(`vision.block.${i}`, x);
    }
    return { embeds: gather(tape, this.#merge(tape, x), rows.windows!.restore), deepstack: [] };
  }

  #block(tape: Tape, i: number, input: Tensor, rows: VisionRows, rotations: Tensor): Tensor {
    const block = `${prefix}.blocks.${i}`;
    const spans = this.config.vision.fullattBlockIndexes.includes(i) ? rows.spans : rows.windows!.spans;
    const y = this.#norm(tape, `${block}.norm1`, input);
    const attended = this.attendPatches(tape, `${block}.attn.qkv`, y, rotations, spans);
    const x = this.weights.linear(tape, `${block}.attn.proj`, attended, { residual: input });

    const z = this.#norm(tape, `${block}.norm2`, x);
    const hidden = this.weights.gated(tape, [`${block}.mlp.gate_proj`, `${block}.mlp.up_proj`], z);
    return this.weights.linear(tape, `${block}.mlp.down_proj`, hidden, { residual: x });
  }

  #norm(tape: Tape, module: string, x: Tensor): Tensor {
    return rmsnorm(tape, x, this.weights.get(`${module}.weight`), eps);
  }

  /** Blocks of 2 x 2 patches -> one image token each. */
  #merge(tape: Tape, x: Tensor): Tensor {
    const wide = this.config.vision.hiddenSize * this.config.vision.spatialMergeSize ** 2;
    const normed = this.#norm(tape, `${prefix}.merger.ln_q`, x);
    const joined = reshape(normed, (x.shape[0]! * x.shape[1]!) / wide, wide);
    const hidden = gelu(tape, this.weights.linear(tape, `${prefix}.merger.mlp.0`, joined), "erf");
    return this.weights.linear(tape, `${prefix}.merger.mlp.2`, hidden);
  }
}

/** Every weight's Hugging Face name and shape. */
export function parameterShapes(config: ModelConfig<Qwen25Vision>): ParameterShape[] {
  const { vision } = config;
  const shapes = new Shapes();
  const C = vision.hiddenSize;
  const wide = C * vision.spatialMergeSize ** 2;
  shapes.add(`${prefix}.patch_embed.proj.weight`, C, 3, vision.temporalPatchSize, vision.patchSize, vision.patchSize);
  for (let i = 0; i < vision.depth; i++) {
    const block = `${prefix}.blocks.${i}`;
    shapes.add(`${block}.norm1.weight`, C);
    shapes.add(`${block}.norm2.weight`, C);
    shapes.linear(`${block}.attn.qkv`, 3 * C, C, true);
    shapes.linear(`${block}.attn.proj`, C, C, true);
    const gateUp = [
      [`${block}.mlp.gate_proj`, vision.intermediateSize],
      [`${block}.mlp.up_proj`, vision.intermediateSize],
    ] as const;
    shapes.linears(gateUp, C, true);
    shapes.linear(`${block}.mlp.down_proj`, C, vision.intermediateSize, true);
  }
  shapes.add(`${prefix}.merger.ln_q.weight`, C);
  shapes.linear(`${prefix}.merger.mlp.0`, wide, wide, true);
  shapes.linear(`${prefix}.merger.mlp.2`, vision.outHiddenSize, wide, true);
  decoderShapes(shapes, config);
  return shapes.all;
}
