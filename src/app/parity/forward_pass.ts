import type { Gpu } from "../../gpu/gpu.ts";
import { Plan } from "../../gpu/plan.ts";
import { Tape } from "../../gpu/tape.ts";
import { noIndex, type Tensor } from "../../gpu/tensor.ts";
import type { Model } from "../../model/model.ts";
import { TextRows } from "../../model/text_rows.ts";
import type { InputImage } from "../../model/vision_rows.ts";
import { logprob } from "../../ops/logprob.ts";
import { pack } from "../../train/pack.ts";

/** What one forward pass computes of a sequence. */
export interface ForwardPass {
  /** (M, C) */
  embeds: Float32Array;
  deepstack: Float32Array[];
  /** (T, C) */
  hidden: Float32Array;
  /** (T - 1) each: of the token after each position. */
  logprobs: Float32Array;
  entropies: Float32Array;
  /** States between layers, by the names of a trace; rows of patches in the tower's order. */
  states: Map<string, Float32Array>;
}

/** Runs one sequence with its pictures through the model, without a cache and without a backward pass. */
export async function forwardPass(
  gpu: Gpu,
  model: Model,
  tokens: readonly number[],
  images: readonly InputImage[],
): Promise<ForwardPass> {
  const { text, vision, imageTokenId } = model.config;
  const plan = new Plan(gpu, "parity", { reuse: true });
  const tape = new Tape(plan, false);
  const packed = pack([{ prefix: { tokens, images }, sequences: [] }], imageTokenId, vision.spatialMergeSize);
  const patches = images.reduce((n, { grid }) => n + grid.t * grid.h * grid.w, 0);
  const patchRows = patches > 0 ? model.visionRows(plan, { capacity: patches, trained: false }) : null;
  const rows = new TextRows(plan, {
    capacity: tokens.length,
    vocabSize: text.vocabSize,
    imageTokens: patchRows?.tokens ?? 0,
    trained: false,
  });
  patchRows?.fill(packed.images);
  rows.fill(packed.rows);

  const watched = new Map<string, Tensor>();
  const watch = (name: string, state: Tensor) => void watched.set(name, state);
  const seen = patchRows && model.vision(tape, patchRows, watch);
  const hidden = model.text(tape, { rows, vision: seen, watch });
  const T = tokens.length;
  const targets = plan.upload("parity.targets", Uint32Array.from([...tokens.slice(1), noIndex]), [T]);
  const allowed = plan.upload("parity.allowed", new Uint32Array(text.vocabSize).fill(1), [text.vocabSize]);
  const temperature = plan.upload("parity.temperature", new Float32Array([1]), [1]);
  const { logprob: logprobs, entropy } = logprob(tape, {
    h: hidden,
    weight: model.head,
    targets,
    allowed,
    temperature,
  });
  const features = seen?.deepstack ?? [];
  const read = [hidden, logprobs, entropy, ...features, ...watched.values(), ...(seen ? [seen.embeds] : [])];
  for (const tensor of read) plan.keep(tensor);
  plan.run();
  const values = await gpu.read(...read);
  plan.free();
  const states = values.slice(3 + features.length);
  return {
    embeds: seen ? states.at(-1)! : new Float32Array(0),
    deepstack: values.slice(3, 3 + features.length),
    hidden: values[0]!,
    logprobs: values[1]!.subarray(0, T - 1),
    entropies: values[2]!.subarray(0, T - 1),
    states: new Map([...watched.keys()].map((name, i) => [name, states[i]!])),
  };
}
