import type { Gpu } from "../../gpu/gpu.ts";
import type { KernelTime } from "../../gpu/kernel_times.ts";
import { maxPassBytes } from "../../model/activation_size.ts";
import type { Model } from "../../model/model.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import { inputPx } from "../../tasks/lessons/image_labels.ts";
import type { WarmupEvent } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { Learner } from "../../train/learner.ts";
import { initialize, stages, variantOf, type WarmupParts, warmup } from "../../train/warmup.ts";
import type { PicturePool } from "./picture_pool.ts";

/** Activations of a pass of the warm-up on a software adapter: a few seconds, after which it can be stopped. */
const softwarePassBytes = 16 * 2 ** 20;

/**
 * Whether the lessons can teach a model, before anything is written.
 * @param factor  sides of its inputs are multiples of this, px; null where that is not known
 * @throws Error with one sentence
 */
export function expectTeachable({ freeze, model }: Pick<RunConfig, "freeze" | "model">, factor: number | null): void {
  if (freeze !== "none")
    throw new Error(
      `freeze is ${freeze}, but a warm-up trains all weights from random ones; set freeze to none for it`,
    );
  if (factor !== null && inputPx % factor !== 0)
    throw new Error(
      `A warm-up teaches by pictures of ${inputPx} x ${inputPx} px, and ${model} takes sides that are multiples of ${factor}; choose needle, story, worlds or a model of their shape`,
    );
}

/** The supervised stages on a model, from random weights or from where they were stopped. */
export async function* warmedUp(
  { gpu, model, tokenizer, pool }: { gpu: Gpu; model: Model; tokenizer: Tokenizer; pool: PicturePool },
  {
    config: { seed, model: name, preset, warmupRows, gradientCheckpointing, freeze },
    traces: allTraces,
    ...asked
  }: {
    config: RunConfig;
    /** Takes the times of kernels, where they are measured. */
    traces: Map<string, KernelTime[]> | undefined;
  } & Pick<WarmupParts, "stepsMade" | "submitted" | "pausesAfter" | "signal">,
): AsyncGenerator<Extract<WarmupEvent, { type: "warmup" }>> {
  const { parameters, config } = model;
  expectTeachable({ freeze, model: name }, config.vision.patchSize * config.vision.spatialMergeSize);
  if (asked.stepsMade === 0)
    initialize(parameters, seed, { text: config.text.numHiddenLayers, vision: config.vision.depth });
  const learner = new Learner(gpu, model, "nll", gpu.software ? softwarePassBytes : maxPassBytes);
  const traces = allTraces && new Map<string, KernelTime[]>();
  try {
    yield* warmup({
      learner,
      parameters,
      tokenizer,
      vision: config.vision,
      lessons: (...of) => pool.lessons(...of),
      stages: stages(variantOf({ model: name, preset }), warmupRows),
      seed,
      gradientCheckpointing,
      traces,
      ...asked,
    });
  } finally {
    for (const [kind, times] of traces ?? []) allTraces?.set(`warmup ${kind}`, times);
    learner.free();
  }
}
