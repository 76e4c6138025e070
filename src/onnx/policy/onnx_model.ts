import type { Pixels } from "../../image/pixels.ts";
import { type Grid, ropePositions } from "../../model/positions.ts";
import type { OnnxGraph, OnnxRuntime, OnnxTensor, OnnxValue } from "../runtime/runtime.ts";
import { type ChosenGraphs, type GraphFolder, type GraphName, readGraph } from "./graph_files.ts";
import type { OnnxFacts } from "./onnx_facts.ts";
import { floats, floatsOf, int64, isFloat } from "./onnx_values.ts";
import { gridOf, patchValues } from "./patch_values.ts";

/** Keys and values of a conversation so far, by the names of the inputs that take them. Others may go on from it as well. */
export interface GraphCache {
  readonly tensors: Readonly<Record<string, OnnxTensor>>;
  /** Tokens in it. */
  readonly tokens: number;
}

/** Tokens with their pictures, as the graphs take them. */
export interface GraphInput {
  tokens: readonly number[];
  images: readonly Pixels[];
  /** M-RoPE position of the first token. */
  start: number;
}

const pastOf = (present: string): string => present.replace(/^present/, "past_key_values");

/**
 * A vision-language model as three graphs in the layout of transformers.js: `embed_tokens`, `vision_encoder`,
 * `decoder_model_merged`. One conversation at a time: batches would need masks that not every export of a decoder follows.
 */
export class OnnxModel {
  readonly facts: OnnxFacts;
  readonly runtime: OnnxRuntime;
  readonly chosen: ChosenGraphs;
  readonly #graphs: Readonly<Record<GraphName, OnnxGraph>>;
  readonly #embeddings: OnnxValue;

  /** Reads and opens the graphs, one after the other. @throws Error with one sentence */
  static async open(
    runtime: OnnxRuntime,
    folder: GraphFolder,
    { facts, chosen, read }: { facts: OnnxFacts; chosen: ChosenGraphs; read(bytes: number): void },
  ): Promise<OnnxModel> {
    const graphs: Partial<Record<GraphName, OnnxGraph>> = {};
    try {
      for (const [name, { path }] of Object.entries(chosen) as [GraphName, { path: string }][]) {
        const files = await readGraph(folder, path, read);
        // Logits too: of those of a long prompt only the last are read.
        graphs[name] = await runtime.open(files, "all");
      }
      return new OnnxModel(runtime, graphs as Record<GraphName, OnnxGraph>, { facts, chosen });
    } catch (error) {
      for (const graph of Object.values(graphs)) await graph.close();
      throw error;
    }
  }

  private constructor(
    runtime: OnnxRuntime,
    graphs: Readonly<Record<GraphName, OnnxGraph>>,
    { facts, chosen }: { facts: OnnxFacts; chosen: ChosenGraphs },
  ) {
    this.runtime = runtime;
    this.facts = facts;
    this.chosen = chosen;
    this.#graphs = graphs;
    const { embed_tokens: embed, vision_encoder: vision, decoder_model_merged: decoder } = graphs;
    this.#expect("embed_tokens", embed, ["input_ids"], ["inputs_embeds"]);
    this.#expect("vision_encoder", vision, ["pixel_values"], ["image_features"]);
    this.#expect("decoder_model_merged", decoder, ["inputs_embeds", "attention_mask"], ["logits"]);
    this.#embeddings = decoder.inputs.find(({ name }) => name === "inputs_embeds")!;
    for (const present of this.#presents())
      if (!decoder.inputs.some(({ name }) => name === pastOf(present)))
        throw new Error(
          `${chosen.decoder_model_merged.path} gives ${present} and takes no ${pastOf(present)}: its cache cannot be used; export it again`,
        );
    if (this.#presents().length === 0)
      throw new Error(
        `${chosen.decoder_model_merged.path} gives no cache (present.0.key and so on); graphs without one are not run here`,
      );
  }

  /** The grid of a picture as the model sees it. */
  grid(pixels: Pixels): Grid {
    return gridOf(pixels, this.facts.preprocessor);
  }

  /**
   * Takes tokens behind what is in the cache. The cache that was given stays as it is.
   * @param of  whose next token's logits are wanted
   * @returns the logits (V), of all tokens (T, V), and the M-RoPE position of the next token
   */
  async extend(
    { tokens, images, start }: GraphInput,
    past: GraphCache | null,
    of: "last" | "all" = "last",
  ): Promise<{ logits: Float32Array; cache: GraphCache; next: number }> {
    const { runtime } = this;
    const { imageTokenId, preprocessor } = this.facts;
    const grids = images.map((pixels) => this.grid(pixels));
    const positions = ropePositions({ tokens, imageTokenId, grids, mergeSize: preprocessor.mergeSize, start });
    const embeds = await this.#embed(tokens, images);
    const count = tokens.length;
    const total = (past?.tokens ?? 0) + count;
    const known: Record<string, () => OnnxTensor> = {
      inputs_embeds: () => embeds,
      attention_mask: () => int64([1, total], new Array<number>(total).fill(1)),
      position_ids: () => int64([3, 1, count], [...positions.t, ...positions.h, ...positions.w]),
      num_logits_to_keep: () => int64([], [of === "all" ? 0 : 1]),
      use_cache_branch: () => ({ dtype: "bool", shape: [1], data: new Uint8Array([past ? 1 : 0]) }),
    };
    const feeds: Record<string, OnnxTensor> = {};
    for (const input of this.#graphs.decoder_model_merged.inputs) {
      const tensor = known[input.name]?.() ?? past?.tensors[input.name] ?? emptyPast(input);
      if (!tensor)
        throw new Error(
          `${this.chosen.decoder_model_merged.path} needs an input ${input.name} that is not known here: expected inputs_embeds, attention_mask, position_ids and past_key_values`,
        );
      feeds[input.name] = tensor;
    }
    const outputs = await this.#graphs.decoder_model_merged.run(feeds);
    runtime.release(embeds);
    const logits = outputs.logits!;
    const V = logits.shape.at(-1)!;
    const rows = logits.shape.reduce((product, size) => product * size, 1) / V;
    const first = of === "all" ? 0 : rows - 1;
    const wanted = floatsOf(await runtime.read(logits, first * V, (rows - first) * V), logits.dtype).slice();
    runtime.release(logits);
    const tensors = Object.fromEntries(this.#presents().map((name) => [pastOf(name), outputs[name]!]));
    return { logits: wanted, cache: { tensors, tokens: total }, next: positions.next };
  }

  /** Gives the memory of a cache back that nobody goes on from. */
  release({ tensors }: GraphCache): void {
    for (const tensor of Object.values(tensors)) this.runtime.release(tensor);
  }

  async close(): Promise<void> {
    for (const graph of Object.values(this.#graphs)) await graph.close();
  }

  /** Embeddings (1, T, C) of tokens, with image features in the place of those of image tokens. */
  async #embed(tokens: readonly number[], images: readonly Pixels[]): Promise<OnnxTensor> {
    const { runtime } = this;
    const { inputs_embeds: given } = await this.#graphs.embed_tokens.run({
      input_ids: int64([1, tokens.length], tokens),
    });
    if (images.length === 0 && given!.dtype === this.#embeddings.dtype) return given!;
    const values = floatsOf(await runtime.read(given!), given!.dtype).slice();
    runtime.release(given!);
    const C = values.length / tokens.length;
    const features: Float32Array[] = [];
    for (const pixels of images) features.push(await this.#features(pixels, C));
    let picture = 0;
    let used = 0;
    for (const [i, token] of tokens.entries()) {
      if (token !== this.facts.imageTokenId) continue;
      if (used === features[picture]?.length) {
        picture++;
        used = 0;
      }
      values.set(features[picture]!.subarray(used, used + C), i * C);
      used += C;
    }
    return floats(this.#embeddings.dtype, [1, tokens.length, C], values);
  }

  /** (M C) of one picture. */
  async #features(pixels: Pixels, C: number): Promise<Float32Array> {
    const { runtime } = this;
    const graph = this.#graphs.vision_encoder;
    const { grid, values } = patchValues(pixels, this.facts.preprocessor);
    const patches = grid.t * grid.h * grid.w;
    const feeds: Record<string, OnnxTensor> = {};
    for (const input of graph.inputs)
      if (input.name === "pixel_values")
        feeds.pixel_values = floats(input.dtype, [patches, values.length / patches], values);
      // "grid_thw" in exports of Qwen2-VL.
      else if (/^(image_)?grid_thw$/.test(input.name)) feeds[input.name] = int64([1, 3], [grid.t, grid.h, grid.w]);
    const { image_features: found } = await graph.run(feeds);
    const features = floatsOf(await runtime.read(found!), found!.dtype);
    runtime.release(found!);
    const expected = (patches / this.facts.preprocessor.mergeSize ** 2) * C;
    if (features.length !== expected)
      throw new Error(
        `${this.chosen.vision_encoder.path} gave ${features.length} numbers for a picture of ${grid.h} x ${grid.w} patches, expected ${expected} (${expected / C} image tokens of ${C}); the graphs belong to different models`,
      );
    return features;
  }

  #presents(): string[] {
    return this.#graphs.decoder_model_merged.outputs.flatMap(({ name }) => (name.startsWith("present") ? [name] : []));
  }

  #expect(name: GraphName, graph: OnnxGraph, inputs: readonly string[], outputs: readonly string[]): void {
    const names = (values: readonly OnnxValue[]) => values.map((value) => value.name);
    const missing = [
      ...inputs.filter((input) => !names(graph.inputs).includes(input)).map((one) => `input ${one}`),
      ...outputs.filter((output) => !names(graph.outputs).includes(output)).map((one) => `output ${one}`),
    ];
    if (missing.length > 0)
      throw new Error(
        `${this.chosen[name].path} has no ${missing.join(" and no ")}: it takes ${names(graph.inputs).slice(0, 6).join(", ")}; expected a graph in the layout of transformers.js`,
      );
  }
}

/** An empty cache: the axis of the tokens is the one before the last, and is 0 long. */
function emptyPast({ name, dtype, shape }: OnnxValue): OnnxTensor | null {
  if (!name.startsWith("past_key_values") || !isFloat(dtype)) return null;
  const sizes = shape.map((size, axis) => (typeof size === "number" && size > 0 ? size : axis === 0 ? 1 : 0));
  return { dtype, shape: sizes, data: dtype === "float16" ? new Uint16Array(0) : new Float32Array(0) };
}
