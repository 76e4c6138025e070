import { deferred } from "../deferred.ts";
import type { KernelTime } from "../gpu/kernel_times.ts";
import { size } from "../gpu/tensor.ts";
import type { VisionConfig } from "../model/config.ts";
import type { Parameters } from "../model/parameters.ts";
import { inputImage } from "../model/vision_rows.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import type { LessonRow } from "../tasks/lessons/lesson.ts";
import type { Lessons } from "../tasks/lessons/lessons.ts";
import { coldLessons, storyLessons, warmLessons } from "../tasks/lessons/needle_lessons.ts";
import { worldColdLessons, worldWarmLessons } from "../tasks/lessons/world_lessons.ts";
import { Random } from "../tasks/random.ts";
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

/** The shipped variants that are made from random weights. */
export type Variant = "needle" | "story" | "worlds";

/** The variant that a run's model is, or is an heir of. */
export const variantOf = ({ model, preset }: { model: string; preset: string }): Variant =>
  model === "worlds" ? "worlds" : preset === "story" ? "story" : "needle";

/** Each variant's lessons; sizes and rates are those that the recipe was tested with. */
const variants: Record<Variant, { warm: Omit<Stage, "steps" | "name">; cold: Omit<Stage, "name"> }> = {
  needle: {
    warm: { lessons: warmLessons, rowsPerStep: warmRowsPerStep, learningRate: 2e-3 },
    cold: { lessons: coldLessons, rowsPerStep: 128, steps: 100, learningRate: 3e-4 },
  },
  story: {
    warm: { lessons: warmLessons, rowsPerStep: warmRowsPerStep, learningRate: 2e-3 },
    cold: { lessons: storyLessons, rowsPerStep: 128, steps: 60, learningRate: 3e-4 },
  },
  worlds: {
    warm: { lessons: worldWarmLessons, rowsPerStep: warmRowsPerStep, learningRate: 1.5e-3 },
    cold: { lessons: worldColdLessons, rowsPerStep: 128, steps: 150, learningRate: 3e-4 },
  },
};

/** The stages from random weights to a shipped variant. @param rows  of the warm start */
export function stages(variant: Variant, rows: number): Stage[] {
  const { warm, cold } = variants[variant];
  return [
    { name: "warm", ...warm, steps: Math.max(1, Math.round(rows / warmRowsPerStep)) },
    { name: "cold", ...cold },
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
  /** Called when the update of a stage's step, counted from 1, is in the queue: what is read from then on comes after it. */
  submitted: (step: number) => void;
  /** Whether the weights right after this step of all stages are wanted: the next update waits until its event was handled. */
  pausesAfter?: (step: number) => boolean;
  traces?: Map<string, KernelTime[]>;
  /**
   * Ends it: a step that is not yet in the queue is given up, and of one that is there comes the event. The weights are those
   * after the last event.
   */
  signal?: AbortSignal;
}

type StepEvent = WarmupEvent & { type: "warmup" };

/** Steps whose rows are rendered ahead: the threads that do it never wait for the one that trains. */
const renderedAhead = 3;

/**
 * The supervised stages as events: token cross-entropy, with targets at image tokens in the warm start. Rows of the next steps
 * are rendered while the GPU computes, and the next update is submitted before the results of the last are read, so that the
 * GPU does not wait for the host. Each stage has a fresh optimizer, and makes one update a step.
 */
export async function* warmup({
  parameters,
  stages,
  stepsMade,
  ...parts
}: WarmupParts): AsyncGenerator<StepEvent, void> {
  const encode = cached(parts.tokenizer);
  let before = 0;
  for (const stage of stages) {
    const first = Math.max(0, stepsMade - before);
    if (first < stage.steps) {
      if (first === 0) parameters.resetOptimizer();
      const ended = yield* stageSteps({ ...parts, encode, stage, first, before });
      if (ended === "stopped") return;
    }
    before += stage.steps;
  }
}

interface StageParts extends Omit<WarmupParts, "parameters" | "stages" | "stepsMade"> {
  encode: (text: string) => readonly number[];
  stage: Stage;
  /** First step to make. */
  first: number;
  /** Steps of the stages before. */
  before: number;
}

async function* stageSteps(parts: StageParts): AsyncGenerator<StepEvent, "made" | "stopped"> {
  const { learner, encode, vision, stage, first, before, gradientCheckpointing, traces, signal } = parts;
  const rendered = new Map<number, Promise<LessonRow[]>>();
  const render = (step: number) => {
    if (step >= stage.steps || rendered.has(step)) return;
    const rows = parts.lessons(stage.lessons, parts.seed, step, stage.rowsPerStep);
    // Thrown where it is awaited, which may be later.
    rows.catch(() => {});
    rendered.set(step, rows);
  };
  let lastMs = performance.now();
  const eventOf = (step: number, rows: number, { loss, gradNorm }: { loss: number; gradNorm: number }): StepEvent => {
    const durationMs = performance.now() - lastMs;
    lastMs = performance.now();
    return {
      type: "warmup",
      stage: stage.name,
      step: step + 1,
      steps: stage.steps,
      loss,
      gradNorm,
      rows: (step + 1) * rows,
      durationMs,
    };
  };
  /** The step that is in the queue and whose results were not read. */
  let open: { step: number; rows: number; result: Promise<{ loss: number; gradNorm: number }> } | null = null;
  for (let step = first; step < stage.steps; step++) {
    for (let next = step; next <= step + renderedAhead; next++) render(next);
    const groups = packLessons(await rendered.get(step)!, encode, vision);
    rendered.delete(step);
    const settings = { ...supervised(learningRateAt(stage, step)), gradientCheckpointing };
    const queued = deferred<void>();
    const updating = learner.update(groups, settings, {
      updatesBefore: step,
      signal,
      traces,
      onSubmitted: () => {
        parts.submitted(step + 1);
        queued.resolve();
      },
    });
    updating.then(() => queued.resolve(), queued.reject);
    const isQueued = await untilStopped(
      signal,
      queued.promise.then(() => true),
    );
    if (open) yield eventOf(open.step, open.rows, await open.result);
    if (!isQueued) return "stopped";
    const result = updating.then(({ logprobs, gradNorm }) => ({ loss: lossOf(groups, logprobs), gradNorm }));
    result.catch(() => {});
    open = { step, rows: groups.length, result };
    if (step + 1 < stage.steps && !signal?.aborted && !parts.pausesAfter?.(before + step + 1)) continue;
    yield eventOf(open.step, open.rows, await open.result);
    open = null;
    if (signal?.aborted) return "stopped";
  }
  return "made";
}

function lossOf(groups: readonly PackedGroup[], logprobs: Float32Array): number {
  const weights = groups.flatMap((g) => g.sequences.flatMap((s) => s.targets.map((t) => t.weight)));
  return -weights.reduce((sum, weight, i) => sum + weight * logprobs[i]!, 0);
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
