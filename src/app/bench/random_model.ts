import type { Gpu } from "../../gpu/gpu.ts";
import { Plan } from "../../gpu/plan.ts";
import { size } from "../../gpu/tensor.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { BaseDtype } from "../../model/base_dtype.ts";
import type { ModelConfig } from "../../model/config.ts";
import { readConfig } from "../../model/families/read_files.ts";
import { publishedFiles } from "../../model/families/table.ts";
import { LoraAdapter } from "../../model/lora.ts";
import { buildModel, type Model } from "../../model/model.ts";
import type { ParameterShape } from "../../model/parameters.ts";
import { formOf } from "../../model/weight_form.ts";
import type { CacheDtype } from "../../ops/cache_kernels.ts";
import { fillRandom } from "../../ops/random.ts";
import { Random } from "../../tasks/random.ts";
import { newLoraConfig } from "../../train/adapter.ts";

/** Random numbers for prompts and pictures. */
const stream = 0x62656e63;

/** Standard deviation of weights: the `initializer_range` of transformers. */
const deviation = 0.02;

/** A model's sizes, and those of a prompt with one picture. */
export interface Shapes {
  config: ModelConfig;
  /** Side of the picture, patches. */
  side: number;
  /** Text tokens of the prompt. */
  textTokens: number;
}

/** The configuration files of a published model. */
function filesOf(name: string) {
  const files = publishedFiles(name);
  if (!files) throw new Error(`Expected the sizes of ${name} among the families, found none`);
  return files;
}

/** Qwen2.5-VL-3B's sizes: a prompt of 1,300 tokens, 1,024 of them a picture's. */
export function shapes3B(): Shapes {
  const { config, preprocessor } = filesOf("Qwen/Qwen2.5-VL-3B-Instruct");
  return { config: readConfig(config, preprocessor), side: 64, textTokens: 276 };
}

/** Qwen2.5-VL-7B's sizes: a picture of a million pixels, and as much text. */
export function shapes7B(): Shapes {
  const { config, preprocessor } = filesOf("Qwen/Qwen2.5-VL-7B-Instruct");
  return { config: readConfig(config, preprocessor), side: 72, textTokens: 276 };
}

/** Qwen3-VL-2B's sizes, and a prompt as long. */
export function shapesQwen3(): Shapes {
  const { config, preprocessor } = filesOf("Qwen/Qwen3-VL-2B-Instruct");
  return { config: readConfig(config, preprocessor), side: 64, textTokens: 276 };
}

/** The same structure with two narrow layers, for software adapters. */
export function shapesTiny(): Shapes {
  const { config, preprocessor } = filesOf("Qwen/Qwen2.5-VL-3B-Instruct");
  const small = {
    ...config,
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    vocab_size: 512,
    image_token_id: 509,
    rope_scaling: { type: "mrope", mrope_section: [4, 6, 6] },
    vision_config: {
      ...(config.vision_config as object),
      depth: 2,
      hidden_size: 64,
      intermediate_size: 96,
      num_heads: 2,
      out_hidden_size: 64,
      fullatt_block_indexes: [1],
    },
  };
  return { config: readConfig(small, preprocessor), side: 8, textTokens: 12 };
}

/** An untrained model with weights made on the GPU, in bf16 like published ones unless `base` says otherwise. */
export function randomModel(
  gpu: Gpu,
  config: ModelConfig,
  { trained, base = "auto", kvCache = "f32" }: { trained: boolean; base?: BaseDtype; kvCache?: CacheDtype },
): Model {
  const model = buildModel(gpu, config, {
    trained,
    formOf: (weight: ParameterShape) => formOf(weight, base, "BF16"),
    kvCacheDtype: kvCache,
  });
  fillMatrices(gpu, model.parameters, deviation);
  // Vectors are weights of norms, here 1, and biases, which stay 0.
  for (const { name, shape } of model.parameters.shapes)
    if (shape.length < 2 && name.endsWith(".weight")) model.parameters.set(name, new Float32Array(size(shape)).fill(1));
  return model;
}

/** An adapter of rank 16 on every linear layer of the language model, as in P10. */
export function randomAdapter(gpu: Gpu, model: Model): LoraAdapter {
  const loraTargets = "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj";
  const config = newLoraConfig({ model: "", loraRank: 16, loraAlpha: 32, loraTargets });
  const adapter = new LoraAdapter(gpu, model.parameters, config, { trained: true });
  fillMatrices(gpu, adapter.parameters, deviation);
  return adapter;
}

function fillMatrices(gpu: Gpu, parameters: Model["parameters"], spread: number): void {
  const plan = new Plan(gpu, "random weights");
  // Uniform numbers within sqrt(3) have the deviation 1.
  const bound = Math.sqrt(3) * spread;
  // Packed weights are filled together: a single one may begin at an offset that cannot be bound.
  for (const [i, { weight, scales }] of parameters.segments.entries())
    if (weight.dtype !== "f32") fillRandom(plan, { ...weight, ...(scales && { scales }) }, bound, i);
  for (const [i, { name, shape }] of parameters.shapes.entries()) {
    const weight = parameters.get(name);
    if (shape.length >= 2 && weight.dtype === "f32") fillRandom(plan, weight, bound, i);
  }
  plan.run();
  plan.free();
}

/** A prompt with one picture, of noise, in the middle of its text. */
export function randomPrompt({ config, side, textTokens }: Shapes): { tokens: number[]; images: Pixels[] } {
  const { patchSize, spatialMergeSize } = config.vision;
  const random = new Random(1, [stream]);
  const some = (count: number) => randomTokens(config, count, random);
  const before = Math.floor(textTokens / 2);
  const picture = new Array<number>((side / spatialMergeSize) ** 2).fill(config.imageTokenId);
  const sidePx = side * patchSize;
  const data = new Uint8Array(3 * sidePx * sidePx).map((_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
  return {
    tokens: [...some(before), ...picture, ...some(textTokens - before)],
    images: [{ width: sidePx, height: sidePx, data }],
  };
}

/** Random tokens other than the image token. */
export function randomTokens(config: ModelConfig, count: number, random = new Random(2, [stream])): number[] {
  return Array.from({ length: count }, () => random.word() % Math.min(config.imageTokenId, config.text.vocabSize));
}
