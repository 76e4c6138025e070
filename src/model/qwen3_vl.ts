import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { reshape, type Tensor } from "../gpu/tensor.ts";
import { gather } from "../ops/gather.ts";
import { gelu } from "../ops/gelu.ts";
import { layernorm } from "../ops/layernorm.ts";
import { linear } from "../ops/linear.ts";
import type { ModelConfig, Qwen3Vision } from "./config.ts";
import { decoderShapes } from "./decoder.ts";
import type { VisionOutput, Watch } from "./model.ts";
import type { ParameterShape, ParametersOptions } from "./parameters.ts";
import { QwenVL } from "./qwen_vl.ts";
import type { VisionRows } from "./vision_rows.ts";
import { Shapes } from "./weights.ts";

/** LayerNorm epsilon of the vision tower; a constant in transformers' modelling file. */
const eps = 1e-6;

const prefix = "model.visual";

/** Qwen3-VL as Hugging Face has it (transformers, `models/qwen3_vl/modeling_qwen3_vl.py`). */
export class Qwen3VL extends QwenVL<Qwen3Vision> {
  constructor(gpu: Gpu, config: ModelConfig<Qwen3Vision>, options: ParametersOptions) {
    super(gpu, config, parameterShapes(config), options);
  }

  vision(tape: Tape, rows: VisionRows, watch?: Watch): VisionOutput {
    const { vision: c } = this.config;
    const C = c.hiddenSize;
    const w = (name: string) => this.weights.get(`${prefix}.${name}`);

    const rotations = this.patchRotations(tape, rows);
    const pixels = rows.pixelValues();
    const kernel = reshape(w("patch_embed.proj.weight"), C, pixels.shape[1]!);
    let x = linear(tape, pixels, kernel, { bias: w("patch_embed.proj.bias") });
    watch?.("vision.patch_embed", x);
    x = gather(tape, w("pos_embed.weight"), rows.table!, x);

    const deepstack: Tensor[] = [];
    for (let i = 0; i < c.depth; i++) {
      const input = x;
      x = tape.layer(() => this.#block(tape, i, input, rows, rotations));
      watch?.(`vision.block.${i}`, x);

      const merger = c.deepstackVisualIndexes.indexOf(i);
      if (merger >= 0) deepstack.push(this.#merge(tape, x, `deepstack_merger_list.${merger}`, "after"));
    }
    return { embeds: this.#merge(tape, x, "merger", "before"), deepstack };
  }

  #block(tape: Tape, i: number, input: Tensor, rows: VisionRows, rotations: Tensor): Tensor {
    const block = `${prefix}.blocks.${i}`;
    const y = this.#norm(tape, `${block}.norm1`, input);
    const attended = this.attendPatches(tape, `${block}.attn.qkv`, y, rotations, rows.spans);
    const x = this.weights.linear(tape, `${block}.attn.proj`, attended, { residual: input });

    const z = this.#norm(tape, `${block}.norm2`, x);
    const hidden = gelu(tape, this.weights.linear(tape, `${block}.mlp.linear_fc1`, z), "tanh");
    return this.weights.linear(tape, `${block}.mlp.linear_fc2`, hidden, { residual: x });
  }

  #norm(tape: Tape, module: string, x: Tensor): Tensor {
    return layernorm(tape, x, {
      weight: this.weights.get(`${module}.weight`),
      bias: this.weights.get(`${module}.bias`),
      eps,
    });
  }

  /** Blocks of 2 x 2 patches -> one image token each; the norm stands before or after the joining. */
  #merge(tape: Tape, x: Tensor, name: string, norm: "before" | "after"): Tensor {
    const { hiddenSize: C, spatialMergeSize } = this.config.vision;
    const module = `${prefix}.${name}`;
    const wide = C * spatialMergeSize ** 2;
    const M = (x.shape[0]! * C) / wide;
    const normed = this.#norm(tape, `${module}.norm`, norm === "after" ? reshape(x, M, wide) : x);
    const hidden = gelu(tape, this.weights.linear(tape, `${module}.linear_fc1`, reshape(normed, M, wide)), "erf");
    return this.weights.linear(tape, `${module}.linear_fc2`, hidden);
  }
}

/** Every weight's Hugging Face name and shape. */
export function parameterShapes(config: ModelConfig<Qwen3Vision>): ParameterShape[] {
  const { vision } = config;
  const shapes = new Shapes();
  const C = vision.hiddenSize;
  const wide = C * vision.spatialMergeSize ** 2;
  shapes.add(`${prefix}.patch_embed.proj.weight`, C, 3, vision.temporalPatchSize, vision.patchSize, vision.patchSize);
  shapes.add(`${prefix}.patch_embed.proj.bias`, C);
  shapes.add(`${prefix}.pos_embed.weight`, vision.numPositionEmbeddings, C);
  for (let i = 0; i < vision.depth; i++) {
    const block = `${prefix}.blocks.${i}`;
    shapes.layerNorm(`${block}.norm1`, C);
    shapes.layerNorm(`${block}.norm2`, C);
    shapes.linear(`${block}.attn.qkv`, 3 * C, C, true);
    shapes.linear(`${block}.attn.proj`, C, C, true);
    shapes.linear(`${block}.mlp.linear_fc1`, vision.intermediateSize, C, true);
    shapes.linear(`${block}.mlp.linear_fc2`, C, vision.intermediateSize, true);
  }
  const merger = (name: string, normWidth: number): void => {
    shapes.layerNorm(`${prefix}.${name}.norm`, normWidth);
    shapes.linear(`${prefix}.${name}.linear_fc1`, wide, wide, true);
    shapes.linear(`${prefix}.${name}.linear_fc2`, vision.outHiddenSize, wide, true);
  };
  merger("merger", C);
  for (const i of vision.deepstackVisualIndexes.keys()) merger(`deepstack_merger_list.${i}`, wide);
  decoderShapes(shapes, config);
  return shapes.all;
}
