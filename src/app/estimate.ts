import { smartResize } from "../image/smart_resize.ts";
import type { ModelConfig } from "../model/config.ts";
import { adaptedModules } from "../model/lora_config.ts";
import type { ParameterShape } from "../model/parameters.ts";
import type { Preprocessor } from "../model/preprocessor.ts";
import { modelShapes } from "../model/shapes.ts";
import { activationBytes, walkBytes } from "../model/walk_size.ts";
import { stretches } from "../ops/linear.ts";
import { newLoraConfig } from "../train/adapter.ts";
import type { RunConfig } from "../train/knobs.ts";

/** What one rollout and its prompt are taken to be; `usual` is an assumption, `most` is what the knobs allow. */
export interface Workload {
  promptTokens: number;
  promptPatches: number;
  /** Tokens that the model writes. */
  modelTokens: number;
  /** Tokens that tools answer with, image tokens included, and the patches of their pictures. */
  observationTokens: number;
  observationPatches: number;
}

export interface MemoryLine {
  what: string;
  usualBytes: number;
  mostBytes: number;
}

/** A buffer that a kernel binds whole. */
export interface LargeBuffer {
  what: string;
  bytes: number;
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
  /** In the GPU's memory. */
  memory: MemoryLine[];
  usualBytes: number;
  mostBytes: number;
  /** Decoded pictures of a step, in main memory. */
  pictureBytes: number;
  /** With the usual workload. */
  buffers: LargeBuffer[];
  /** Of a usual step. */
  flops: Flops;
}

/** DeepEyes' run of 80 steps (docs/fig_finding1.svg): tokens of a response and calls in one, about their means. */
const usualResponse = { tokens: 220, calls: 1.4 };
/** A photograph of COCO, most of DeepEyes' rows; the tool prompt and a question; a crop of an object. */
const usualPicture = { width: 640, height: 480 };
const usualText = 600;
const usualCropTokens = 64;
/** Text around a picture in a conversation, generous. */
const sceneText = 40;
const observationText = 60;

const number = 4;
const isEmbedding = ({ name }: ParameterShape): boolean => /(^lm_head|embed_tokens)\.weight$/.test(name);
const sizeOf = ({ shape }: ParameterShape): number => shape.reduce((product, side) => product * side, 1);
const sum = (shapes: readonly ParameterShape[]): number => shapes.reduce((total, shape) => total + sizeOf(shape), 0);

/** What a run takes on a GPU, from knobs and sizes alone. Nothing is loaded. @throws Error where an adapter fits no layer */
export function estimate(
  config: RunConfig,
  model: ModelConfig,
  { minPixels, maxPixels }: Pick<Preprocessor, "minPixels" | "maxPixels">,
): Estimate {
  const { text, vision } = model;
  const shapes = modelShapes(model);
  const parameters = sum(shapes);
  const adapter = config.loraRank > 0 ? sum(adapterShapes(config, shapes)) : 0;
  const trainedParameters = adapter || parameters;
  const hasReference = config.klLossCoef > 0 || config.klRewardCoef > 0;

  const merge = vision.spatialMergeSize ** 2;
  const limits = {
    factor: vision.patchSize * vision.spatialMergeSize,
    minPixels,
    maxPixels: config.maxPixels > 0 ? Math.min(maxPixels, Math.max(config.maxPixels, minPixels)) : maxPixels,
  };
  const tokensOf = ({ width, height }: { width: number; height: number }): number => {
    const shown = smartResize(height, width, limits, "qwen-vl-utils");
    return (shown.widthPx * shown.heightPx) / limits.factor ** 2;
  };
  const usual = workload(config, tokensOf, merge, false);
  const most = workload(config, tokensOf, merge, true);

  const { tasksPerStep: tasks, rolloutsPerTask } = config;
  const rolled = config.tasksPerRoll > 0 ? Math.min(config.tasksPerRoll, tasks) : tasks;
  // The room after a prompt is made for the longest response, whatever is written.
  const room = most.modelTokens + most.observationTokens;
  const cacheRows = ({ promptTokens }: Workload) => 1 + rolled * (promptTokens + rolloutsPerTask * room);
  const cacheRow = text.numKeyValueHeads * text.headDim * number;
  const walk = (of: Workload): { bytes: number; rows: number; patches: number } => {
    const rows = of.promptTokens + rolloutsPerTask * (of.modelTokens + of.observationTokens);
    const patches = of.promptPatches + rolloutsPerTask * of.observationPatches;
    const group = activationBytes(model, rows, patches);
    // Groups are never cut; as many go together as the bound allows.
    const together = Math.max(1, Math.min(tasks, Math.floor(walkBytes / group)));
    return { bytes: together * group, rows: together * rows, patches: together * patches };
  };
  // Logits are made in chunks of at least 64 rows.
  const logits = Math.min(
    Math.max(64 * 2 ** 20, 64 * text.vocabSize * number),
    walk(most).rows * text.vocabSize * number,
  );
  // A weight's gradient is summed in stretches of rows; layers of the same size take turns in the same room.
  const inVision = ({ name }: ParameterShape): boolean => name.startsWith("model.visual.");
  const summed = (adapter > 0 ? adapterShapes(config, shapes) : shapes).filter(({ shape }) => shape.length >= 2);
  const partial = (of: Workload, shape: ParameterShape): number => {
    const { rows, patches } = walk(of);
    const met = inVision(shape) ? patches : isEmbedding(shape) ? 64 : rows;
    const [outs] = shape.shape as [number];
    return sizeOf(shape) * stretches(met, outs, sizeOf(shape) / outs) * number;
  };
  const partials = (of: Workload): number =>
    [...new Set(summed.map((shape) => partial(of, shape)))].reduce((total, bytes) => total + bytes, 0);

  const same = (what: string, bytes: number): MemoryLine => ({ what, usualBytes: bytes, mostBytes: bytes });
  const memory = [
    same("weights, f32", parameters * number),
    ...(adapter > 0 ? [same("adapter", adapter * number)] : []),
    same("gradients", trainedParameters * number),
    same("AdamW's two moments", trainedParameters * 2 * number),
    // Under a new adapter the model itself is the reference.
    ...(hasReference && adapter === 0 ? [same("reference model, for the KL", parameters * number)] : []),
    { what: "partial sums of gradients", usualBytes: partials(usual), mostBytes: partials(most) },
    { what: "activations of a walk", usualBytes: walk(usual).bytes, mostBytes: walk(most).bytes },
    same("logits of a walk, and their gradient", 2 * logits),
    {
      what: "keys and values of what is rolled together",
      usualBytes: cacheRows(usual) * cacheRow * 2 * text.numHiddenLayers,
      mostBytes: cacheRows(most) * cacheRow * 2 * text.numHiddenLayers,
    },
  ];
  const largest = shapes.reduce((best, shape) => (sizeOf(shape) > sizeOf(best) ? shape : best));
  return {
    parameters,
    trainedParameters,
    usual,
    most,
    memory,
    usualBytes: memory.reduce((total, line) => total + line.usualBytes, 0),
    mostBytes: memory.reduce((total, line) => total + line.mostBytes, 0),
    pictureBytes: tasks * 4 * (config.data === "" ? 512 * 512 : usualPicture.width * usualPicture.height),
    buffers: [
      { what: `the weight ${largest.name}`, bytes: sizeOf(largest) * number },
      {
        what: "the partial sums of a layer's gradient",
        bytes: Math.max(...summed.map((shape) => partial(usual, shape))),
      },
      { what: "the keys of a layer", bytes: cacheRows(usual) * cacheRow },
      { what: "a walk's feed-forward states", bytes: walk(usual).rows * text.intermediateSize * number },
    ],
    flops: flopsOf(config, model, shapes, usual, hasReference),
  };
}

function workload(
  config: RunConfig,
  tokensOf: (picture: { width: number; height: number }) => number,
  merge: number,
  isMost: boolean,
): Workload {
  const { data, zoom, maxToolCalls, firstTurnTokens, nextTurnTokens, responseTokens, maxPromptTokens } = config;
  const calls = zoom ? maxToolCalls : 0;
  const isScenes = data === "";
  const picture = tokensOf(isScenes ? { width: 512, height: 512 } : usualPicture);
  const crop = isScenes ? tokensOf({ width: 128, height: 128 }) : usualCropTokens;
  const allTurns = firstTurnTokens + calls * nextTurnTokens;
  if (isScenes || !isMost) {
    const made = isScenes ? calls : Math.min(calls, usualResponse.calls);
    return {
      promptTokens: isScenes ? sceneText + picture : Math.min(maxPromptTokens, usualText + picture),
      promptPatches: picture * merge,
      modelTokens: isScenes ? allTurns : Math.min(usualResponse.tokens, allTurns, responseTokens || allTurns),
      observationTokens: made * (crop + (isScenes ? 8 : observationText)),
      observationPatches: made * crop * merge,
    };
  }
  // Every token of a long prompt, and of a long answer, may be one of a picture.
  const observations = calls * (picture + observationText);
  const room = responseTokens > 0 ? Math.min(responseTokens, allTurns + observations) : allTurns + observations;
  const observationTokens = Math.min(observations, room);
  return {
    promptTokens: maxPromptTokens,
    promptPatches: maxPromptTokens * merge,
    modelTokens: room - observationTokens,
    observationTokens,
    observationPatches: observationTokens * merge,
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
  const { tasksPerStep: tasks, rolloutsPerTask: n, updatesPerStep, loraRank } = config;
  const forward = tasks * (prompt + n * rollout);
  const heads = tasks * n * head;
  const observed = seen(of.observationPatches) + 2 * layers * of.observationTokens;
  return {
    prefill: tasks * (prompt + n * (observed + attended(of.observationTokens, of.promptTokens + own / 2))),
    token: tasks * n * (2 * (layers + text.vocabSize * text.hiddenSize) + attended(1, of.promptTokens + own / 2)),
    forward: updatesPerStep * (forward + heads),
    // The way back costs twice the way there, and logits are made again; where weights stay as they are, only their
    // inputs' gradients are made.
    backward: updatesPerStep * (loraRank > 0 ? forward + 2 * heads : 2 * forward + 3 * heads),
    reference: hasReference ? forward + heads : 0,
  };
}

function adapterShapes(config: RunConfig, shapes: readonly ParameterShape[]): ParameterShape[] {
  return adaptedModules(newLoraConfig(config), shapes).flatMap(({ module, O, I, rank }) => [
    { name: `${module}.lora_A.weight`, shape: [rank, I] },
    { name: `${module}.lora_B.weight`, shape: [O, rank] },
  ]);
}
