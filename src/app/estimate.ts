import { roomAfter } from "../agent/loop.ts";
import { type CountedLimits, countingGpu } from "../gpu/counting_device.ts";
import { smartResize } from "../image/smart_resize.ts";
import type { ModelConfig } from "../model/config.ts";
import { adaptedModules, type LoraConfig } from "../model/lora_config.ts";
import type { ParameterShape } from "../model/parameters.ts";
import type { Preprocessor } from "../model/preprocessor.ts";
import { modelShapes } from "../model/shapes.ts";
import { hasAdapter } from "../train/adapter_settings.ts";
import type { RunConfig } from "../train/knobs.ts";
import {
  adapterIn,
  type ModelSizes,
  type PassageShape,
  type RolloutShape,
  type ShownSize,
  type StepShape,
  simulateStep,
} from "./simulated_step.ts";

/** What one rollout and its prompt are taken to be, on average. */
export interface Workload {
  promptTokens: number;
  promptPatches: number;
  /** Tokens that the model writes. */
  modelTokens: number;
  /** Tokens that tools answer with, image tokens included, and the patches of their pictures. */
  observationTokens: number;
  observationPatches: number;
}

/** What is known of a run's tasks where its files are at hand. */
export interface KnownTasks {
  /** Of a step's tasks. */
  prompts: readonly PassageShape[];
  /** Tokens around a picture that a tool gives. */
  answerText: number;
}

/** What rollouts are taken to write. */
export interface Response {
  modelTokens: number;
  calls: number;
}

export interface MemoryLine {
  what: string;
  usualBytes: number;
  /** Null where a step of the longest rollouts could not be counted. */
  mostBytes: number | null;
}

/** Floating point operations of a step; `token` are those of one token for all rollouts at once. */
export interface Flops {
  prefill: number;
  token: number;
  forward: number;
  backward: number;
  reference: number;
}

export interface Estimate {
  parameters: number;
  trainedParameters: number;
  usual: Workload;
  most: Workload;
  /** Whether prompts are those of the run's own tasks. */
  isKnown: boolean;
  /** In the GPU's memory, at the peak. */
  memory: MemoryLine[];
  /** What rollouts usually take, and what they take if all are as long as the knobs allow. */
  usualBytes: number;
  /** Null where a buffer is then larger than the device allows; `mostProblem` says which. */
  mostBytes: number | null;
  mostProblem: string;
  /** Decoded pictures of a step, in main memory. */
  pictureBytes: number;
  /** Of a usual step. */
  flops: Flops;
}

/** DeepEyes' run of 80 steps (docs/fig_finding1.svg): tokens of a response and calls in one, about their means. */
const usualResponse = { tokens: 220, calls: 1.4 };
/** A photograph of COCO, most of DeepEyes' rows; the tool prompt and a question; a crop of an object. */
const usualPicture = { width: 640, height: 480 };
const usualText = 600;
const usualCropTokens = 64;
const scenePicture = { width: 512, height: 512 };
const sceneCrop = { width: 128, height: 128 };
/** Text around a picture in a conversation, generous. */
const sceneText = 40;
const answerText = 60;
const sceneAnswerText = 12;

const sizeOf = ({ shape }: ParameterShape): number => shape.reduce((product, side) => product * side, 1);
const sum = (shapes: readonly ParameterShape[]): number => shapes.reduce((total, shape) => total + sizeOf(shape), 0);

interface EstimateOptions {
  known?: KnownTasks | null;
  /** What rollouts usually write; what is known of the kind of tasks unless given. */
  response?: Response;
  limits?: CountedLimits;
  software?: boolean;
}

/**
 * What a run takes on a GPU: one step of it is made on a device that only counts. Nothing is loaded.
 * @throws Error where an adapter fits no layer, or a buffer of a usual step is larger than the limits allow
 */
export async function estimate(
  config: RunConfig,
  sizes: ModelSizes,
  preprocessor: Pick<Preprocessor, "minPixels" | "maxPixels">,
  { known = null, response, limits, software }: EstimateOptions = {},
): Promise<Estimate> {
  const model = sizes.config;
  const shapes = modelShapes(model);
  const parameters = sum(shapes);
  const lora = adapterIn(config, sizes);
  const adapter = lora ? sum(adapterShapes(lora, shapes)) : 0;
  const steps = [false, true].map((isMost) => assumed(config, model, preprocessor, known, isMost ? null : response));
  const [usual, most] = steps.map((step) => averages(step, model)) as [Workload, Workload];
  const peaks: ReadonlyMap<string, number>[] = [];
  const bytes: number[] = [];
  let mostProblem = "";
  for (const step of steps) {
    const gpu = countingGpu(limits, { software, matrixUnits: config.matrixUnits === "on" });
    try {
      await simulateStep(gpu, config, sizes, step);
    } catch (error) {
      // A run whose longest rollouts do not fit is one that mostly does.
      if (step === steps[0]) throw error;
      mostProblem = (error as Error).message;
      break;
    }
    peaks.push(gpu.pool.peak.uses);
    bytes.push(gpu.pool.peak.bytes);
  }
  const names = [...new Set(peaks.flatMap((uses) => [...uses.keys()]))];
  const usualUses = peaks[0]!;
  // Where responses are short, a picture that fills them may take less than usual crops do.
  const larger = bytes.length > 1 && bytes[1]! < bytes[0]! ? 0 : 1;
  const mostUses = peaks[larger];
  return {
    parameters,
    trainedParameters: adapter || parameters,
    usual,
    most,
    isKnown: known !== null,
    memory: names
      .map((what) => ({
        what,
        usualBytes: usualUses.get(what) ?? 0,
        mostBytes: mostUses ? (mostUses.get(what) ?? 0) : null,
      }))
      .filter(({ usualBytes, mostBytes }) => usualBytes + (mostBytes ?? 0) > 0)
      .sort((a, b) => b.usualBytes - a.usualBytes),
    usualBytes: bytes[0]!,
    mostBytes: bytes[larger] ?? null,
    mostProblem,
    pictureBytes: config.tasksPerStep * 4 * (config.data === "" ? 512 * 512 : usualPicture.width * usualPicture.height),
    flops: flopsOf(config, model, shapes, usual, config.klLossCoef > 0 || config.klRewardCoef > 0),
  };
}

/**
 * Makes a usual step of a run within a device's limits, and counts nothing.
 * @throws Error with one sentence where a buffer of it is larger than they allow
 */
export async function expectRoom(
  config: RunConfig,
  sizes: ModelSizes,
  preprocessor: Pick<Preprocessor, "minPixels" | "maxPixels">,
  { limits, software }: Pick<EstimateOptions, "limits" | "software">,
): Promise<void> {
  // What is small fits anywhere, and begins at once.
  if (sum(modelShapes(sizes.config)) < 2 ** 26) return;
  await simulateStep(
    countingGpu(limits, { software, matrixUnits: config.matrixUnits === "on" }),
    config,
    sizes,
    assumed(config, sizes.config, preprocessor, null, undefined),
  );
}

/** The step that is counted. @param response  null: as long as the knobs allow */
function assumed(
  config: RunConfig,
  { vision }: ModelConfig,
  { minPixels, maxPixels }: Pick<Preprocessor, "minPixels" | "maxPixels">,
  known: KnownTasks | null,
  response: Response | null | undefined,
): StepShape {
  const isScenes = config.data === "";
  const most = config.maxPixels > 0 ? Math.min(maxPixels, config.maxPixels) : maxPixels;
  const factor = vision.patchSize * vision.spatialMergeSize;
  const limits = { factor, minPixels: Math.min(minPixels, most), maxPixels: most };
  const shown = ({ width, height }: ShownSize): ShownSize => {
    const { widthPx, heightPx } = smartResize(height, width, limits, "qwen-vl-utils");
    return { width: widthPx, height: heightPx };
  };
  const tokensOf = ({ width, height }: ShownSize): number => (width / factor) * (height / factor);
  /** A picture of at most so many tokens, nearly square. */
  const pictureOf = (tokens: number): ShownSize => {
    const rows = Math.max(1, Math.floor(Math.sqrt(tokens)));
    return { width: Math.max(1, Math.floor(tokens / rows)) * factor, height: rows * factor };
  };

  const { maxPromptTokens, tasksPerStep, rolloutsPerTask, responseTokens } = config;
  const longestPicture = pictureOf(Math.min(maxPromptTokens, Math.floor(most / factor ** 2)));
  const unknown: PassageShape = isScenes
    ? { textTokens: sceneText, pictures: [shown(scenePicture)] }
    : { textTokens: usualText, pictures: [shown(usualPicture)] };
  const longest = { textTokens: maxPromptTokens - tokensOf(longestPicture), pictures: [longestPicture] };
  const prompts = known?.prompts ?? [response === null && !isScenes ? longest : unknown];
  const largest = Math.max(0, ...prompts.flatMap(({ pictures }) => pictures.map(tokensOf)));
  const around = known?.answerText ?? (isScenes ? sceneAnswerText : answerText);
  const { responseTokens: roomTokens } = roomAfter(largest + around, config);

  const calls = config.zoom ? config.maxToolCalls : 0;
  const allTurns = config.firstTurnTokens + calls * config.nextTurnTokens;
  const usual =
    response ??
    (isScenes
      ? { modelTokens: allTurns, calls }
      : {
          modelTokens: Math.min(usualResponse.tokens, allTurns, responseTokens || allTurns),
          calls: Math.min(calls, usualResponse.calls),
        });
  const crop = isScenes ? shown(sceneCrop) : pictureOf(Math.min(usualCropTokens, largest || usualCropTokens));
  const answer = { textTokens: around, pictures: [crop] };
  const wholePicture = { textTokens: around, pictures: [pictureOf(largest)] };
  const rollouts = Array.from({ length: rolloutsPerTask }, (_, i) =>
    response === null && !isScenes
      ? rolloutOf(roomTokens, calls, wholePicture, largest + around)
      : rolloutOf(usual.modelTokens, Math.floor((i + 1) * usual.calls) - Math.floor(i * usual.calls), answer, 0),
  );
  return {
    tasks: Array.from({ length: tasksPerStep }, (_, i) => ({ prompt: prompts[i % prompts.length]!, rollouts })),
    roomTokens,
  };
}

/**
 * A rollout of so many calls, its tokens spread over the turns.
 * @param answerTokens  of an answer, where they are part of `tokens`; as many calls as leave a token for each turn
 */
function rolloutOf(tokens: number, calls: number, answer: PassageShape, answerTokens: number): RolloutShape {
  const made = answerTokens > 0 ? Math.min(calls, Math.floor((tokens - 1) / (answerTokens + 1))) : calls;
  const written = Math.max(made + 1, tokens - made * answerTokens);
  const each = Math.floor(written / (made + 1));
  return {
    turns: Array.from({ length: made + 1 }, (_, i) => (i === 0 ? written - made * each : each)),
    answers: Array.from({ length: made }, () => answer),
  };
}

function averages({ tasks }: StepShape, { vision }: ModelConfig): Workload {
  const factor = vision.patchSize * vision.spatialMergeSize;
  const merge = vision.spatialMergeSize ** 2;
  const imageTokens = ({ pictures }: PassageShape): number =>
    pictures.reduce((total, { width, height }) => total + (width * height) / factor ** 2, 0);
  const mean = <T>(list: readonly T[], of: (one: T) => number): number =>
    list.reduce((total, one) => total + of(one), 0) / Math.max(1, list.length);
  const rollouts = tasks.flatMap((task) => task.rollouts);
  const answered = (of: (answer: PassageShape) => number) =>
    mean(rollouts, ({ answers }) => answers.reduce((total, answer) => total + of(answer), 0));
  return {
    promptTokens: mean(tasks, ({ prompt }) => prompt.textTokens + imageTokens(prompt)),
    promptPatches: mean(tasks, ({ prompt }) => imageTokens(prompt) * merge),
    modelTokens: mean(rollouts, ({ turns }) => turns.reduce((a, b) => a + b, 0)),
    observationTokens: answered((answer) => answer.textTokens + imageTokens(answer)),
    observationPatches: answered((answer) => imageTokens(answer) * merge),
  };
}

/** Floating point operations of a step: two for each weight a row meets, and those of attention. */
function flopsOf(
  config: RunConfig,
  { text, vision }: ModelConfig,
  shapes: readonly ParameterShape[],
  of: Workload,
  hasReference: boolean,
): Flops {
  const matrices = shapes.filter(({ shape }) => shape.length >= 2);
  const layers = sum(matrices.filter(({ name }) => name.startsWith("model.language_model.layers.")));
  const towers = sum(matrices.filter(({ name }) => /^model\.visual\.(blocks|patch_embed)\./.test(name)));
  const mergers = sum(matrices.filter(({ name }) => /^model\.visual\.(deepstack_)?merger/.test(name)));
  const attended = (rows: number, keys: number) =>
    4 * text.numHiddenLayers * text.numAttentionHeads * text.headDim * rows * keys;
  const seen = (patches: number): number => {
    // Most blocks of Qwen2.5-VL look at windows of 64 patches.
    const whole = vision.family === "qwen2_5_vl" ? vision.fullattBlockIndexes.length : vision.depth;
    const keys = whole * patches + (vision.depth - whole) * 64;
    return 2 * patches * (towers + mergers / vision.spatialMergeSize ** 2) + 4 * vision.hiddenSize * patches * keys;
  };
  const prompt = seen(of.promptPatches) + 2 * layers * of.promptTokens + attended(of.promptTokens, of.promptTokens / 2);
  const own = of.modelTokens + of.observationTokens;
  const rollout = seen(of.observationPatches) + 2 * layers * own + attended(own, of.promptTokens + own / 2);
  const head = 2 * text.vocabSize * text.hiddenSize * of.modelTokens;
  const { tasksPerStep: tasks, rolloutsPerTask: n, updatesPerStep } = config;
  const forward = tasks * (prompt + n * rollout);
  const heads = tasks * n * head;
  const observed = seen(of.observationPatches) + 2 * layers * of.observationTokens;
  return {
    prefill: tasks * (prompt + n * (observed + attended(of.observationTokens, of.promptTokens + own / 2))),
    token: tasks * n * (2 * (layers + text.vocabSize * text.hiddenSize) + attended(1, of.promptTokens + own / 2)),
    forward: updatesPerStep * (forward + heads),
    // The way back costs twice the way there, and logits are made again; where weights stay as they are, only their
    // inputs' gradients are made.
    backward: updatesPerStep * (hasAdapter(config) ? forward + 2 * heads : 2 * forward + 3 * heads),
    reference: hasReference ? forward + heads : 0,
  };
}

function adapterShapes(lora: LoraConfig, shapes: readonly ParameterShape[]): ParameterShape[] {
  return adaptedModules(lora, shapes).flatMap(({ module, O, I, rank }) => [
    { name: `${module}.lora_A.weight`, shape: [rank, I] },
    { name: `${module}.lora_B.weight`, shape: [O, rank] },
  ]);
}
