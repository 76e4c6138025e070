import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { reshape, type Tensor } from "../gpu/tensor.ts";
import { attention } from "../ops/attention.ts";
import { cache as writeCache } from "../ops/cache.ts";
import { gather } from "../ops/gather.ts";
import { gelu } from "../ops/gelu.ts";
import { layernorm } from "../ops/layernorm.ts";
import { linear } from "../ops/linear.ts";
import { rmsnorm } from "../ops/rmsnorm.ts";
import { inverseFrequencies, rope, ropeTable } from "../ops/rope.ts";
import { swiglu } from "../ops/swiglu.ts";
import type { Cache } from "./cache.ts";
import type { ModelConfig } from "./config.ts";
import { Parameters, type ParameterShape } from "./parameters.ts";
import { interleavedAxes } from "./positions.ts";
import type { TextRows } from "./text_rows.ts";
import type { VisionRows } from "./vision_rows.ts";

/** LayerNorm epsilon of the vision tower; a constant in transformers' modelling file. */
const visionEps = 1e-6;

/** What the vision tower hands to the text: image tokens (M, C), and features for the first text layers. */
export interface VisionOutput {
  embeds: Tensor;
  deepstack: Tensor[];
}

/** Qwen3-VL as Hugging Face has it (transformers, `models/qwen3_vl/modeling_qwen3_vl.py`), pictures only. */
export class Qwen3VL {
  readonly parameters: Parameters;
  readonly #visionTable: Tensor;
  readonly #visionAxes: Tensor;
  readonly #textTable: Tensor;
  readonly #textAxes: Tensor;

  /** @param maxPositions longest conversation, in M-RoPE positions; also bounds rows and columns of patches */
  constructor(
    gpu: Gpu,
    readonly config: ModelConfig,
    { trained, maxPositions = 4096 }: { trained: boolean; maxPositions?: number },
  ) {
    const { text, vision } = config;
    this.parameters = new Parameters(gpu, parameterShapes(config), { trained });
    const table = (name: string, frequencies: ArrayLike<number>) =>
      gpu.upload(name, ropeTable(maxPositions, [...Array.from(frequencies)]), [maxPositions, frequencies.length, 2]);
    this.#textTable = table("text.rope", inverseFrequencies(text.headDim, text.ropeTheta));
    this.#textAxes = gpu.upload("text.axes", interleavedAxes(text.headDim, text.mropeSection), [text.headDim / 2]);
    // The first quarter of a head turns by the patch's row, the second by its column, with the same frequencies.
    const visionD = vision.hiddenSize / vision.numHeads;
    const quarter = Array.from(inverseFrequencies(visionD / 2, vision.ropeTheta));
    this.#visionTable = table("vision.rope", [...quarter, ...quarter]);
    this.#visionAxes = gpu.upload(
      "vision.axes",
      Uint32Array.from({ length: visionD / 2 }, (_, i) => (i < visionD / 4 ? 0 : 1)),
      [visionD / 2],
    );
  }

  get head(): Tensor {
    return this.config.tieWordEmbeddings ? this.#weight("model.language_model.embed_tokens.weight") : this.#weight("lm_head.weight");
  }

  /** Patches -> image tokens. */
  vision(tape: Tape, rows: VisionRows): VisionOutput {
    const { vision: c } = this.config;
    const [C, H] = [c.hiddenSize, c.numHeads];
    const D = C / H;
    const P = rows.capacity;
    const w = (name: string) => this.#weight(`model.visual.${name}`);

    const pixels = rows.pixelValues();
    const kernel = reshape(w("patch_embed.proj.weight"), C, pixels.shape[1]!);
    let x = linear(tape, pixels, kernel, { bias: w("patch_embed.proj.bias") });
    x = gather(tape, w("pos_embed.weight"), rows.table, x);

    const deepstack: Tensor[] = [];
    for (let i = 0; i < c.depth; i++) {
      const block = (name: string) => w(`blocks.${i}.${name}`);
      const y = layernorm(tape, x, block("norm1.weight"), block("norm1.bias"), visionEps);
      const [q, k, v] = [0, 1, 2].map((part) =>
        reshape(linear(tape, y, block("attn.qkv.weight"), { bias: block("attn.qkv.bias"), rows: [part * C, (part + 1) * C] }), P, H, D),
      ) as [Tensor, Tensor, Tensor];
      const turn = (t: Tensor) => rope(tape, t, rows.positions, this.#visionTable, this.#visionAxes);
      const attended = attention(tape, turn(q), turn(k), v, rows.spans, D ** -0.5);
      x = linear(tape, reshape(attended, P, C), block("attn.proj.weight"), { bias: block("attn.proj.bias"), residual: x });

      const z = layernorm(tape, x, block("norm2.weight"), block("norm2.bias"), visionEps);
      const hidden = gelu(tape, linear(tape, z, block("mlp.linear_fc1.weight"), { bias: block("mlp.linear_fc1.bias") }), "tanh");
      x = linear(tape, hidden, block("mlp.linear_fc2.weight"), { bias: block("mlp.linear_fc2.bias"), residual: x });

      const feature = c.deepstackVisualIndexes.indexOf(i);
      if (feature >= 0) deepstack[feature] = this.#merge(tape, x, `deepstack_merger_list.${feature}`, "after");
    }
    return { embeds: this.#merge(tape, x, "merger", "before"), deepstack };
  }

  /** Blocks of 2 x 2 patches -> one image token each; the norm stands before or after the joining. */
  #merge(tape: Tape, x: Tensor, name: string, norm: "before" | "after"): Tensor {
    const { hiddenSize: C, spatialMergeSize } = this.config.vision;
    const w = (part: string) => this.#weight(`model.visual.${name}.${part}`);
    const wide = C * spatialMergeSize ** 2;
    const M = (x.shape[0]! * C) / wide;
    const normed = layernorm(tape, norm === "after" ? reshape(x, M, wide) : x, w("norm.weight"), w("norm.bias"), visionEps);
    const hidden = gelu(tape, linear(tape, reshape(normed, M, wide), w("linear_fc1.weight"), { bias: w("linear_fc1.bias") }), "erf");
    return linear(tape, hidden, w("linear_fc2.weight"), { bias: w("linear_fc2.bias") });
  }

  /**
   * Rows of text and image tokens -> their last hidden states (N, C), after the final norm.
   *
   * With a cache, new keys and values go into it and rows attend to cached keys; without, rows attend to each other.
   */
  text(tape: Tape, rows: TextRows, vision: VisionOutput | null, cache?: Cache): Tensor {
    const { text: c } = this.config;
    const { numAttentionHeads: H, numKeyValueHeads: K, headDim: D, rmsNormEps: eps } = c;
    const N = rows.capacity;
    const w = (name: string) => this.#weight(`model.language_model.${name}`);

    let x = gather(tape, w("embed_tokens.weight"), rows.tokens);
    if (vision) x = gather(tape, vision.embeds, rows.images, x);

    for (let i = 0; i < c.numHiddenLayers; i++) {
      const layer = (name: string) => w(`layers.${i}.${name}`);
      const y = rmsnorm(tape, x, layer("input_layernorm.weight"), eps);
      const heads = (name: string, count: number) => reshape(linear(tape, y, layer(`self_attn.${name}_proj.weight`)), N, count, D);
      const turn = (t: Tensor, name: string) => {
        const rowsOfHeads = reshape(t, N * t.shape[1]!, D);
        const normed = rmsnorm(tape, rowsOfHeads, layer(`self_attn.${name}_norm.weight`), eps);
        return rope(tape, reshape(normed, N, t.shape[1]!, D), rows.positions, this.#textTable, this.#textAxes);
      };
      const q = turn(heads("q", H), "q");
      let k = turn(heads("k", K), "k");
      let v = heads("v", K);
      if (cache) {
        const { keys, values } = cache.layers[i]!;
        writeCache(tape.plan, k, v, rows.cacheRows, keys, values);
        [k, v] = [keys, values];
      }
      const attended = attention(tape, q, k, v, rows.spans, D ** -0.5);
      x = linear(tape, reshape(attended, N, H * D), layer("self_attn.o_proj.weight"), { residual: x });

      const z = rmsnorm(tape, x, layer("post_attention_layernorm.weight"), eps);
      const hidden = swiglu(tape, linear(tape, z, layer("mlp.gate_proj.weight")), linear(tape, z, layer("mlp.up_proj.weight")));
      x = linear(tape, hidden, layer("mlp.down_proj.weight"), { residual: x });
      const feature = vision?.deepstack[i];
      if (feature) x = gather(tape, feature, rows.images, x);
    }
    return rmsnorm(tape, x, w("norm.weight"), eps);
  }

  #weight(name: string): Tensor {
    return this.parameters.get(name);
  }
}

/** Every weight's Hugging Face name and shape. */
export function parameterShapes({ text, vision, tieWordEmbeddings }: ModelConfig): ParameterShape[] {
  const shapes: ParameterShape[] = [];
  const add = (name: string, ...shape: number[]) => shapes.push({ name, shape });
  const dense = (name: string, O: number, I: number) => {
    add(`${name}.weight`, O, I);
    add(`${name}.bias`, O);
  };
  const norm = (name: string, C: number) => {
    add(`${name}.weight`, C);
    add(`${name}.bias`, C);
  };

  const v = "model.visual";
  const C = vision.hiddenSize;
  const wide = C * vision.spatialMergeSize ** 2;
  add(`${v}.patch_embed.proj.weight`, C, 3, vision.temporalPatchSize, vision.patchSize, vision.patchSize);
  add(`${v}.patch_embed.proj.bias`, C);
  add(`${v}.pos_embed.weight`, vision.numPositionEmbeddings, C);
  for (let i = 0; i < vision.depth; i++) {
    const block = `${v}.blocks.${i}`;
    norm(`${block}.norm1`, C);
    norm(`${block}.norm2`, C);
    dense(`${block}.attn.qkv`, 3 * C, C);
    dense(`${block}.attn.proj`, C, C);
    dense(`${block}.mlp.linear_fc1`, vision.intermediateSize, C);
    dense(`${block}.mlp.linear_fc2`, C, vision.intermediateSize);
  }
  const merger = (name: string, normWidth: number) => {
    norm(`${name}.norm`, normWidth);
    dense(`${name}.linear_fc1`, wide, wide);
    dense(`${name}.linear_fc2`, vision.outHiddenSize, wide);
  };
  merger(`${v}.merger`, C);
  vision.deepstackVisualIndexes.forEach((_, i) => merger(`${v}.deepstack_merger_list.${i}`, wide));

  const t = "model.language_model";
  const { hiddenSize, headDim: D, numAttentionHeads: H, numKeyValueHeads: K, intermediateSize: F } = text;
  add(`${t}.embed_tokens.weight`, text.vocabSize, hiddenSize);
  for (let i = 0; i < text.numHiddenLayers; i++) {
    const layer = `${t}.layers.${i}`;
    add(`${layer}.input_layernorm.weight`, hiddenSize);
    add(`${layer}.self_attn.q_proj.weight`, H * D, hiddenSize);
    add(`${layer}.self_attn.k_proj.weight`, K * D, hiddenSize);
    add(`${layer}.self_attn.v_proj.weight`, K * D, hiddenSize);
    add(`${layer}.self_attn.o_proj.weight`, hiddenSize, H * D);
    add(`${layer}.self_attn.q_norm.weight`, D);
    add(`${layer}.self_attn.k_norm.weight`, D);
    add(`${layer}.post_attention_layernorm.weight`, hiddenSize);
    add(`${layer}.mlp.gate_proj.weight`, F, hiddenSize);
    add(`${layer}.mlp.up_proj.weight`, F, hiddenSize);
    add(`${layer}.mlp.down_proj.weight`, hiddenSize, F);
  }
  add(`${t}.norm.weight`, hiddenSize);
  if (!tieWordEmbeddings) add("lm_head.weight", text.vocabSize, hiddenSize);
  return shapes;
}
