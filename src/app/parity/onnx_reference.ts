import type { Gpu } from "../../gpu/gpu.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { ModelConfig } from "../../model/config.ts";
import type { Model } from "../../model/model.ts";
import { imageTokenCount } from "../../model/positions.ts";
import { inputImage } from "../../model/vision_rows.ts";
import { GpuPolicy } from "../../policy/gpu_policy.ts";
import { forwardPass } from "./forward_pass.ts";
import { type GoldenFolder, storedImages } from "./golden_folder.ts";

/** A conversation, and what a model makes of it: what ONNX graphs are held to. */
export interface OnnxReference {
  tokens: readonly number[];
  /** In the order in which the tokens show them. */
  images: readonly Pixels[];
  /** (T - 1) each: of the token after each position. */
  logprobs: Float32Array;
  entropies: Float32Array;
  /** What is written after the first tokens, which have all pictures. */
  greedy: { promptTokens: number; ids: readonly number[]; logprobs: Float32Array } | null;
}

/** What transformers and PEFT made of a folder. @param prefix "lora." for its adapter */
export function goldenReference(folder: GoldenFolder, mergeSize: number, prefix: "" | "lora."): OnnxReference {
  const { golden, inputs, expected } = folder;
  const images = storedImages(folder, mergeSize);
  return {
    tokens: inputs.integers("input_ids"),
    images: golden.sequence.images.map((i) => images[i]!.pixels),
    logprobs: expected.floats(`${prefix}log_probs`),
    entropies: expected.floats(`${prefix}entropies`),
    greedy:
      golden.greedy && prefix === ""
        ? {
            promptTokens: golden.greedy.prompt_tokens,
            ids: expected.integers("greedy.ids"),
            logprobs: expected.floats("greedy.log_probs"),
          }
        : null,
  };
}

/** Tokens that are written on. */
const newTokens = 24;

/** What our own kernels make of a conversation that is the same on every machine: two pictures of noise between random tokens. */
export async function ownReference(gpu: Gpu, model: Model): Promise<OnnxReference> {
  const { tokens, images } = conversation(model.config);
  const inputs = images.map((pixels) => inputImage(pixels, model.config.vision));
  const { logprobs, entropies } = await forwardPass(gpu, model, tokens, inputs);
  const policy = new GpuPolicy(gpu, model);
  try {
    const sampling = { seed: 0, step: 0, temperature: 0, suppressed: [], stops: [] };
    const begun = await policy.begin([{ tokens: [...tokens], images: [...images] }], 1, newTokens, sampling);
    const writing = begun.write([0], newTokens);
    let next = await writing.next();
    while (!next.done) next = await writing.next();
    const [turn] = next.value;
    begun.close();
    // A graph is not asked to go on behind an image token that has no picture.
    const image = turn!.tokens.indexOf(model.config.imageTokenId);
    const end = image < 0 ? newTokens : image + 1;
    const greedy = {
      promptTokens: tokens.length,
      ids: turn!.tokens.slice(0, end),
      logprobs: Float32Array.from(turn!.logprobs.slice(0, end)),
    };
    return { tokens, images, logprobs, entropies, greedy };
  } finally {
    policy.free();
  }
}

/** Sides of the pictures in merge blocks: neither is whole windows of attention. */
const pictureBlocks = [
  [3, 5],
  [6, 2],
] as const;

function conversation({ text, vision, imageTokenId }: ModelConfig): { tokens: number[]; images: Pixels[] } {
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const tokens: number[] = [];
  const say = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const id = random(text.vocabSize - 1);
      tokens.push(id < imageTokenId ? id : id + 1);
    }
  };
  const side = vision.patchSize * vision.spatialMergeSize;
  const images: Pixels[] = [];
  say(12);
  for (const [rows, columns] of pictureBlocks) {
    const [width, height] = [columns * side, rows * side];
    const pixels = { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random(256)) };
    images.push(pixels);
    const { grid } = inputImage(pixels, vision);
    const count = imageTokenCount(grid, vision.spatialMergeSize);
    tokens.push(...new Array<number>(count).fill(imageTokenId));
    say(10);
  }
  return { tokens, images };
}
