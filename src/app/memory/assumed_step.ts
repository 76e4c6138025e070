import { capacityAfter } from "../../agent/token_limits.ts";
import { smartResize } from "../../image/smart_resize.ts";
import type { ModelConfig } from "../../model/config.ts";
import type { Preprocessor } from "../../model/preprocessor.ts";
import { chosenWorlds } from "../../tasks/worlds/table.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { mostSets } from "../../train/resampled_calls.ts";
import type { InputSize, PassageShape, RolloutShape, StepShape } from "./simulated_step.ts";

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

/** What is known of a run's tasks where its files are available. */
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

/** DeepEyes' run of 80 steps (docs/fig_finding1.svg): tokens of a response and calls in one, about their means. */
const usualResponse = { tokens: 220, calls: 1.4 };
/** A photograph of COCO, most of DeepEyes' rows; the tool prompt and a question; a crop of an object. */
export const usualPicture = { width: 640, height: 480 };
const usualText = 600;
const usualCropTokens = 64;
/** Of the side of a scene. */
const usualCropShare = 1 / 4;
/** Text around a picture in a conversation, generous. */
const sceneText = 40;
const answerText = 60;
const sceneAnswerText = 12;

const square = (side: number): InputSize => ({ width: side, height: side });

/** Sizes of the pictures that tasks come with, px; tasks have them in turn. */
export const sourcePictures = ({ data, worlds }: Pick<RunConfig, "data" | "worlds">): InputSize[] =>
  data === "" ? chosenWorlds(worlds).map(({ sidePx }) => square(sidePx)) : [usualPicture];

/** The step that is counted. `response` null: as long as the knobs allow; absent: as usual for the kind of tasks. */
export function assumedStep(
  config: RunConfig,
  { vision }: ModelConfig,
  { minPixels, maxPixels }: Pick<Preprocessor, "minPixels" | "maxPixels">,
  { known = null, response }: { known?: KnownTasks | null; response?: Response | null } = {},
): StepShape {
  const isScenes = config.data === "";
  const most = config.maxPixels > 0 ? Math.min(maxPixels, config.maxPixels) : maxPixels;
  const factor = vision.patchSize * vision.spatialMergeSize;
  const limits = { factor, minPixels: Math.min(minPixels, most), maxPixels: most };
  const inputSize = ({ width, height }: InputSize): InputSize => {
    const { widthPx, heightPx } = smartResize(height, width, limits, "qwen-vl-utils");
    return { width: widthPx, height: heightPx };
  };
  const tokensOf = ({ width, height }: InputSize): number => (width / factor) * (height / factor);
  /** A picture of at most this many tokens, nearly square. */
  const pictureOf = (tokens: number): InputSize => {
    const rows = Math.max(1, Math.floor(Math.sqrt(tokens)));
    return { width: Math.max(1, Math.floor(tokens / rows)) * factor, height: rows * factor };
  };

  const { maxPromptTokens, tasksPerStep, rolloutsPerTask, responseTokens } = config;
  const longestPicture = pictureOf(Math.min(maxPromptTokens, Math.floor(most / factor ** 2)));
  const sources = sourcePictures(config);
  const textTokens = isScenes ? sceneText : usualText;
  const unknown = sources.map((source): PassageShape => ({ textTokens, pictures: [inputSize(source)] }));
  const longest = { textTokens: maxPromptTokens - tokensOf(longestPicture), pictures: [longestPicture] };
  const prompts = known?.prompts ?? (response === null && !isScenes ? [longest] : unknown);
  const largest = Math.max(0, ...prompts.flatMap(({ pictures }) => pictures.map(tokensOf)));
  const around = known?.answerText ?? (isScenes ? sceneAnswerText : answerText);
  const { responseTokens: capacityTokens } = capacityAfter(largest + around, config);

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
  const largestSide = Math.max(...sources.map(({ width }) => width));
  const crop = isScenes
    ? inputSize(square(largestSide * usualCropShare))
    : pictureOf(Math.min(usualCropTokens, largest || usualCropTokens));
  const answer = { textTokens: around, pictures: [crop] };
  const wholePicture = { textTokens: around, pictures: [pictureOf(largest)] };
  const rollouts = Array.from({ length: rolloutsPerTask }, (_, i) =>
    response === null && !isScenes
      ? rolloutOf(capacityTokens, calls, wholePicture, largest + around)
      : rolloutOf(usual.modelTokens, Math.floor((i + 1) * usual.calls) - Math.floor(i * usual.calls), answer, 0),
  );
  const sets = mostSets(config, tasksPerStep * rolloutsPerTask);
  const continued = rollouts.find(({ answers }) => answers.length > 0) ?? rollouts[0]!;
  const continuationsOf = (task: number): RolloutShape[] => {
    const own = Math.floor(sets / tasksPerStep) + (task < sets % tasksPerStep ? 1 : 0);
    return Array.from({ length: own * config.resampledCalls }, () => continued);
  };
  return {
    tasks: Array.from({ length: tasksPerStep }, (_, i) => ({
      prompt: prompts[i % prompts.length]!,
      rollouts,
      continuations: continuationsOf(i),
    })),
    capacityTokens,
  };
}

/**
 * A rollout with this many calls, its tokens spread over the turns.
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

/** What rollouts and prompts of a step are on average. */
export function averages({ tasks }: StepShape, { vision }: ModelConfig): Workload {
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
