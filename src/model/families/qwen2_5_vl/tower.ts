import type { Gpu } from "../../../gpu/gpu.ts";
import type { Tensor } from "../../../gpu/tensor.ts";
import { gather } from "../../../ops/gather.ts";
import { rmsnorm } from "../../../ops/rmsnorm.ts";
import type { ModelConfig } from "../../config.ts";
import { visionPrefix } from "../../names.ts";
import type { ParameterShape } from "../../parameters.ts";
import type { Passes } from "../../passes.ts";
import { decoderShapes } from "../../text_decoder.ts";
import type { VisionRows } from "../../vision_rows.ts";
import { embedPatches, joinMergeBlocks, patchRotary, type VisionPass, visionBlock } from "../../vision_tower.ts";
import { type Residual, Shapes } from "../../weights.ts";
import type { Qwen25Vision } from "./config.ts";
import type { WindowRows } from "./windows.ts";

/** RMSNorm epsilon of the vision tower; a constant in transformers' modelling file. */
const eps = 1e-6;

/**
 * The vision tower as Hugging Face has it (transformers, `models/qwen2_5_vl/modeling_qwen2_5_vl.py`). Patches are
 * in the order of windows all through it, as WindowRows puts them.
 */
export function visionPass(gpu: Gpu, config: Qwen25Vision): Passes["vision"] {
  const rotary = patchRotary(gpu, config);
  return (tape, weights, rows: VisionRows<WindowRows>, watch) => {
    const pass: VisionPass = { tape, weights, config, rotations: rotary(tape, rows) };
    let x = embedPatches(pass, `${visionPrefix}patch_embed.proj`, rows.pixelValues(), { bias: false });
    watch?.("vision.patch_embed", x);
    for (let i = 0; i < config.depth; i++) {
      const input = x;
      const spans = config.fullattBlockIndexes.includes(i) ? rows.spans : rows.own.spans;
      x = tape.layer(() => visionBlock(pass, `${visionPrefix}blocks.${i}`, input, { spans, norm, feedForward }));
      watch?.(`vision.block.${i}`, x);
    }
    const merged = merge(pass, x);
    return { embeds: gather(tape, merged, rows.own.restore), deepstack: [] };
  };
}

const norm = ({ tape, weights }: VisionPass, module: string, x: Tensor): Tensor =>
  rmsnorm(tape, x, weights.get(`${module}.weight`), eps);

function feedForward({ tape, weights }: VisionPass, module: string, normed: Tensor, { residual }: Residual): Tensor {
  const hidden = weights.gated(tape, [`${module}.gate_proj`, `${module}.up_proj`], normed);
  return weights.linear(tape, `${module}.down_proj`, hidden, { residual });
}

/** Blocks of 2 x 2 patches -> one image token each. */
function merge(pass: VisionPass, x: Tensor): Tensor {
  const { tape, weights } = pass;
  const merger = `${visionPrefix}merger`;
  const joined = joinMergeBlocks(pass, norm(pass, `${merger}.ln_q`, x));
  const hidden = weights.gelu(tape, `${merger}.mlp.0`, joined, "erf");
  return weights.linear(tape, `${merger}.mlp.2`, hidden);
}

/** Every weight's Hugging Face name and shape. */
export function parameterShapes(config: ModelConfig<Qwen25Vision>): ParameterShape[] {
  const { vision } = config;
  const shapes = new Shapes();
  const { hiddenSize: C, intermediateSize: F, patchSize } = vision;
  const wide = C * vision.spatialMergeSize ** 2;
  shapes.add(`${visionPrefix}patch_embed.proj.weight`, C, 3, vision.temporalPatchSize, patchSize, patchSize);
  for (let i = 0; i < vision.depth; i++) {
    const name = `${visionPrefix}blocks.${i}`;
    shapes.add(`${name}.norm1.weight`, C);
    shapes.add(`${name}.norm2.weight`, C);
    shapes.linear(`${name}.attn.qkv`, 3 * C, C, true);
    shapes.linear(`${name}.attn.proj`, C, C, true);
    const gateAndUp = [
      [`${name}.mlp.gate_proj`, F],
      [`${name}.mlp.up_proj`, F],
    ] as const;
    shapes.linears(gateAndUp, C, true);
    shapes.linear(`${name}.mlp.down_proj`, C, F, true);
  }
  shapes.add(`${visionPrefix}merger.ln_q.weight`, C);
  shapes.linear(`${visionPrefix}merger.mlp.0`, wide, wide, true);
  shapes.linear(`${visionPrefix}merger.mlp.2`, vision.outHiddenSize, wide, true);
  decoderShapes(shapes, config);
  return shapes.all;
}
