import type { Gpu } from "../../../gpu/gpu.ts";
import type { Tensor } from "../../../gpu/tensor.ts";
import { gather } from "../../../ops/gather.ts";
import { layernorm } from "../../../ops/layernorm.ts";
import type { ModelConfig } from "../../config.ts";
import { visionPrefix } from "../../names.ts";
import type { ParameterShape } from "../../parameters.ts";
import type { Passes } from "../../passes.ts";
import { decoderShapes } from "../../text_decoder.ts";
import type { VisionRows } from "../../vision_rows.ts";
import { embedPatches, joinMergeBlocks, patchRotary, type VisionPass, visionBlock } from "../../vision_tower.ts";
import { type Residual, Shapes } from "../../weights.ts";
import type { Qwen3Vision } from "./config.ts";
import type { PositionTableRows } from "./position_table.ts";

/** LayerNorm epsilon of the vision tower; a constant in transformers' modelling file. */
const eps = 1e-6;

/** The vision tower as Hugging Face has it (transformers, `models/qwen3_vl/modeling_qwen3_vl.py`). */
export function visionPass(gpu: Gpu, config: Qwen3Vision): Passes["vision"] {
  const rotary = patchRotary(gpu, config);
  return (tape, weights, rows: VisionRows<PositionTableRows>, watch) => {
    const pass: VisionPass = { tape, weights, config, rotations: rotary(tape, rows) };
    let x = embedPatches(pass, `${visionPrefix}patch_embed.proj`, rows.pixelValues(), { bias: true });
    watch?.("vision.patch_embed", x);
    x = gather(tape, weights.get(`${visionPrefix}pos_embed.weight`), rows.own.table, x);

    const { spans } = rows;
    const deepstack: Tensor[] = [];
    for (let i = 0; i < config.depth; i++) {
      const input = x;
      x = tape.layer(() => visionBlock(pass, `${visionPrefix}blocks.${i}`, input, { spans, norm, feedForward }));
      watch?.(`vision.block.${i}`, x);

      const merger = config.deepstackVisualIndexes.indexOf(i);
      if (merger >= 0) deepstack.push(mergeThenNorm(pass, `${visionPrefix}deepstack_merger_list.${merger}`, x));
    }
    return { embeds: normThenMerge(pass, `${visionPrefix}merger`, x), deepstack };
  };
}

const norm = ({ tape, weights }: VisionPass, module: string, x: Tensor): Tensor =>
  layernorm(tape, x, { weight: weights.get(`${module}.weight`), bias: weights.get(`${module}.bias`), eps });

function feedForward({ tape, weights }: VisionPass, module: string, normed: Tensor, { residual }: Residual): Tensor {
  const hidden = weights.gelu(tape, `${module}.linear_fc1`, normed, "tanh");
  return weights.linear(tape, `${module}.linear_fc2`, hidden, { residual });
}

/** Blocks of 2 x 2 patches -> one image token each, of normalized patches. */
const normThenMerge = (pass: VisionPass, module: string, x: Tensor): Tensor =>
  project(pass, module, joinMergeBlocks(pass, norm(pass, `${module}.norm`, x)));

/** The same where what is normalized is the whole block. */
const mergeThenNorm = (pass: VisionPass, module: string, x: Tensor): Tensor =>
  project(pass, module, norm(pass, `${module}.norm`, joinMergeBlocks(pass, x)));

function project({ tape, weights }: VisionPass, module: string, joined: Tensor): Tensor {
  const hidden = weights.gelu(tape, `${module}.linear_fc1`, joined, "erf");
  return weights.linear(tape, `${module}.linear_fc2`, hidden);
}

/** Every weight's Hugging Face name and shape. */
export function parameterShapes(config: ModelConfig<Qwen3Vision>): ParameterShape[] {
  const { vision } = config;
  const shapes = new Shapes();
  const { hiddenSize: C, intermediateSize: F, patchSize } = vision;
  const wide = C * vision.spatialMergeSize ** 2;
  shapes.add(`${visionPrefix}patch_embed.proj.weight`, C, 3, vision.temporalPatchSize, patchSize, patchSize);
  shapes.add(`${visionPrefix}patch_embed.proj.bias`, C);
  shapes.add(`${visionPrefix}pos_embed.weight`, vision.numPositionEmbeddings, C);
  for (let i = 0; i < vision.depth; i++) {
    const name = `${visionPrefix}blocks.${i}`;
    shapes.layerNorm(`${name}.norm1`, C);
    shapes.layerNorm(`${name}.norm2`, C);
    shapes.linear(`${name}.attn.qkv`, 3 * C, C, true);
    shapes.linear(`${name}.attn.proj`, C, C, true);
    shapes.linear(`${name}.mlp.linear_fc1`, F, C, true);
    shapes.linear(`${name}.mlp.linear_fc2`, C, F, true);
  }
  const merger = (module: string, normWidth: number): void => {
    shapes.layerNorm(`${module}.norm`, normWidth);
    shapes.linear(`${module}.linear_fc1`, wide, wide, true);
    shapes.linear(`${module}.linear_fc2`, vision.outHiddenSize, wide, true);
  };
  merger(`${visionPrefix}merger`, C);
  for (const i of vision.deepstackVisualIndexes.keys()) merger(`${visionPrefix}deepstack_merger_list.${i}`, wide);
  decoderShapes(shapes, config);
  return shapes.all;
}
