import type { KernelTime } from "../gpu/kernel_times.ts";
import { size } from "../gpu/tensor.ts";
import type { VisionConfig } from "../model/config.ts";
import type { Parameters } from "../model/parameters.ts";
import { inputImage } from "../model/vision_rows.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import { Random } from "../tasks/random.ts";
import { coldLessons, type LessonRow, type Lessons, storyLessons, warmLessons } from "../tasks/scenes/lessons.ts";
import type { WarmupEvent } from "./events.ts";
import type { Learner, UpdateSettings } from "./learner.ts";
import type { PackedGroup, Target } from "./pack.ts";

/** One supervised stage: which rows, how many at a time, at what rate. */
export interface Stage {
  name: "warm" | "cold";
  lessons: Lessons;
  rowsPerStep: number;
  steps: number;
  learningRate: number;
}

/** Rows of a warm-start step; the recipe's batch. */
const warmRowsPerStep = 256;

/** The stages from random weights to a shipped variant; sizes and rates are those that the recipe was tested with. */
export function stages(variant: "needle" | "story", rows: number): Stage[] {
  return [
    {
      name: "warm",
      lessons: warmLessons,
      rowsPerStep: warmRowsPerStep,
      steps: Math.max(1, Math.round(rows / warmRowsPerStep)),
      learningRate: 2e-3,
    },
    variant === "story"
      ? { name: "cold", lessons: storyLessons, rowsPerStep: 128, steps: 60, learningRate: 3e-4 }
      : { name: "cold", lessons: coldLessons, rowsPerStep: 128, steps: 100, learningRate: 3e-4 },
  ];
}

/** Steps of all stages together. */
export const stepsOf = (plan: readonly Stage[]): number => plan.reduce((sum, stage) => sum + stage.steps, 0);

/** Random weights: normal with variance 1 / fan-in, smaller at the end of residual branches; embeddings and norms as said below. */
export function initialize(parameters: Parameters, seed: number, layers: { text: number; vision: number }): void {
  parameters.shapes.forEach(({ name, shape }, i) => {
    const values = new Float32Array(size(shape));
    if (shape.length === 1) {
      if (name.endsWith("weight")) values.fill(1);
    } else {
      const random = new Random(seed, [0x696e6974, i]);
      let deviation = (size(shape) / shape[0]!) ** -0.5;
      if (name.endsWith("embed_tokens.weight")) deviation = 0.05;
      if (name.endsWith("pos_embed.weight")) deviation = 0.2;
      if (/(attn\.proj|o_proj|blocks\.\d+\.mlp\.linear_fc2|down_proj)\.weight$/.test(name))
        deviation *= (2 * (name.includes("language_model") ? layers.text : layers.vision)) ** -0.5;
      for (let k = 0; k < values.length; k++) values[k] = random.normal() * deviation;
    }
    parameters.set(name, values);
  });
  parameters.resetOptimizer();
}

/** Linear warm-up over 3 % of the steps, then a cosine down to 2 %. */
export function learningRateAt(stage: Stage, step: number): number {
  const done = step / stage.steps;
  const warm = 0.03;
  const factor =
    done < warm ? done / warm : Math.max(0.02, 0.5 * (1 + Math.cos(Math.PI * Math.min(1, (done - warm) / (1 - warm)))));
  return stage.learningRate * factor;
}

/** What the stages are trained with. */
export interface WarmupParts {
  learner: Pick<Learner, "update">;
  parameters: Pick<Parameters, "resetOptimizer">;
  tokenizer: Tokenizer;
  vision: VisionConfig;
  /** Rows of a stage's step, rendered. */
  lessons: (lessons: Lessons, seed: number, step: number, rows: number) => Promise<LessonRow[]>;
  stages: readonly Stage[];
  seed: number;
  /** Steps of all stages that the weights and the optimizer have behind them. */
  stepsMade: number;
  gradientCheckpointing: UpdateSettings["gradientCheckpointing"];
  traces?: Map<string, KernelTime[]>;
  /** Ends it; a step under way is given up, and the weights are those after the last event. */
  signal?: AbortSignal;
}

/**
 * The supervised stages as events: token cross-entropy, with targets at image tokens in the warm start. The next rows
 * are rendered while the GPU works on the last. Each stage has a fresh optimizer, and makes one update a step.
 */
export async function* warmup({
  learner,
  parameters,
  tokenizer,
  vision,
  lessons,
  stages,
  seed,
  stepsMade,
  gradientCheckpointing,
  traces,
  signal,
}: WarmupParts): AsyncGenerator<WarmupEvent & { type: "warmup" }, void> {
  const encode = cached(tokenizer);
  let before = 0;
  for (const stage of stages) {
    const first = Math.max(0, stepsMade - before);
    before += stage.steps;
    if (first >= stage.steps) continue;
    if (first === 0) parameters.resetOptimizer();
    const packed = async (step: number) =>
      packLessons(await lessons(stage.lessons, seed, step, stage.rowsPerStep), encode, vision);
    let groups = await packed(first);
    for (let step = first; step < stage.steps; step++) {
      const startedMs = performance.now();
      const weights = groups.flatMap((g) => g.sequences.flatMap((s) => s.targets.map((t) => t.weight)));
      const rows = groups.length;
      const settings = { ...supervised(learningRateAt(stage, step)), gradientCheckpointing };
      const updating = learner.update(groups, settings, { updatesBefore: step, signal, traces });
      updating.catch(() => {});
      if (step + 1 < stage.steps) groups = await packed(step + 1);
      const updated = await untilStopped(signal, updating);
      if (!updated) return;
      const { logprobs, gradNorm } = updated;
      const loss = -weights.reduce((sum, weight, i) => sum + weight * logprobs[i]!, 0);
      yield {
        type: "warmup",
        stage: stage.name,
        step: step + 1,
        steps: stage.steps,
        loss,
        gradNorm,
        rows: (step + 1) * rows,
        durationMs: performance.now() - startedMs,
      };
    }
  }
}

/** What work comes to, null where the signal stopped it. */
export async function untilStopped<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null;
    throw error;
  }
}

function supervised(learningRate: number): UpdateSettings {
  return {
    learningRate,
    beta1: 0.9,
    beta2: 0.95,
    eps: 1e-8,
    weightDecay: 0.05,
    decayVectors: false,
    maxGradNorm: 1,
    clipRatioLow: 0.2,
    clipRatioHigh: 0.2,
    clipRatioC: 3,
    klLossCoef: 0,
    klLossType: "low_var_kl",
    entropyCoef: 0,
    temperature: 1,
    suppressed: [],
  };
}

/** Lessons say the same few hundred things over and over. */
function cached(tokenizer: Tokenizer): (text: string) => readonly number[] {
  const known = new Map<string, readonly number[]>();
  return (text) => {
    let tokens = known.get(text);
    if (!tokens) {
      tokens = tokenizer.encode(text);
      known.set(text, tokens);
    }
    return tokens;
  };
}

/** Supervised rows as the learner takes them: each a group of its own without a prefix; all weights add up to 1. */
export function packLessons(
  rows: readonly LessonRow[],
  encode: (text: string) => readonly number[],
  vision: VisionConfig,
): PackedGroup[] {
  const imagePad = firstOf(encode("<|image_pad|>"));
  const groups = rows.map(({ spans, pictures, imageLabels }): PackedGroup => {
    const images = pictures.map((picture) => inputImage(picture, vision));
    const tokens: number[] = [];
    const targets: Target[] = [];
    let picture = 0;
    for (const { text, supervised } of spans)
      for (const token of encode(text)) {
        if (token !== imagePad) {
          // What is predicted at a position is the token after it.
          if (supervised) targets.push({ at: tokens.length - 1, token, weight: 1 });
          tokens.push(token);
          continue;
        }
        const grid = images[picture]?.grid;
        if (!grid) throw new RangeError(`A lesson has ${images.length} pictures and more image tokens`);
        const labels = imageLabels[picture];
        // Merged 2 x 2: a quarter as many tokens as patches. Labels stand at the image tokens themselves.
        for (let i = 0; i < (grid.t * grid.h * grid.w) / 4; i++) {
          const label = labels?.[i];
          if (label) targets.push({ at: tokens.length, token: firstOf(encode(label.word)), weight: label.weight });
          tokens.push(imagePad);
        }
        picture++;
      }
    return { prefix: { tokens: [], images: [] }, sequences: [{ tokens, images, targets }] };
  });
  const all = groups.flatMap((g) => g.sequences.flatMap((s) => s.targets));
  const total = all.reduce((sum, t) => sum + t.weight, 0);
  for (const target of all) target.weight /= total;
  return groups;
}

function firstOf(tokens: readonly number[]): number {
  const [first] = tokens;
  if (first === undefined) throw new RangeError("Expected a token for each word of a lesson, found none");
  return first;
}
