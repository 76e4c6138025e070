import type { Gpu } from "../../gpu/gpu.ts";
import type { Pixels } from "../../image/pixels.ts";
import { activationBytes, maxPassBytes } from "../../model/activation_size.ts";
import type { ModelConfig } from "../../model/config.ts";
import { LoraAdapter } from "../../model/lora.ts";
import type { LoraConfig } from "../../model/lora_config.ts";
import { buildModel, type Model } from "../../model/model.ts";
import type { ParameterShape } from "../../model/parameters.ts";
import { bytesOfPicture, mostKeptBytes, mostSlabBytes } from "../../model/pictures/slabs.ts";
import { ropePositions } from "../../model/positions.ts";
import { type InputImage, inputImage } from "../../model/vision_rows.ts";
import type { WeightForm } from "../../model/weight_form.ts";
import type { Passage } from "../../policy/policy.ts";
import { chunksOf, type PrefillPart } from "../../policy/prefill.ts";
import { Workspace } from "../../policy/workspace.ts";
import { newLoraConfig } from "../../train/adapter.ts";
import { hasAdapter } from "../../train/adapter_settings.ts";
import { frozenWeights } from "../../train/frozen_weights.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { Learner } from "../../train/learner.ts";
import { type PackedGroup, type Sequence, sizes, type Target } from "../../train/pack.ts";
import { updateSettings } from "../../train/update.ts";
import { useMatrixUnits } from "../kernels/matrix_units.ts";
import { sourcePictures } from "./assumed_step.ts";

/** Size of a model-input picture, px. */
export interface InputSize {
  width: number;
  height: number;
}

/** Text of this many tokens, and pictures. */
export interface PassageShape {
  textTokens: number;
  pictures: readonly InputSize[];
}

/** What a rollout writes and is answered, in turns: each answer stands behind the turn of its place. */
export interface RolloutShape {
  turns: readonly number[];
  answers: readonly PassageShape[];
}

export interface TaskShape {
  prompt: PassageShape;
  rollouts: readonly RolloutShape[];
  /** Those that continue others: sampled in the room of the rollouts, and trained beside them. */
  continuations?: readonly RolloutShape[];
}

export interface StepShape {
  tasks: readonly TaskShape[];
  /** Tokens that a conversation may have after its prompt. */
  capacityTokens: number;
}

/** What of a model memory depends on. */
export interface ModelSizes {
  config: ModelConfig;
  /** How a weight is kept where it is not trained. */
  formOf: (parameter: ParameterShape) => WeightForm;
  /** Of the adapter that the run goes on from; a new one is described by the knobs. */
  adapter?: LoraConfig;
}

/** Of an adapter that is not here. */
const usualRank = 16;

/** The adapter that a run trains; null where it trains all weights. */
export function adapterIn(config: RunConfig, { adapter }: Pick<ModelSizes, "adapter">): LoraConfig | null {
  if (!hasAdapter(config)) return null;
  return adapter ?? newLoraConfig({ ...config, loraRank: config.loraRank || usualRank });
}

/** Any token of text. */
const someToken = 1;

/**
 * One step of a run on a device that only counts, by the code that real steps run: model, adapter, sampling, reference
 * and update. What the pool of `gpu` holds at its peak is what the step takes.
 */
export async function simulateStep(
  gpu: Gpu,
  config: RunConfig,
  modelSizes: ModelSizes,
  step: StepShape,
): Promise<void> {
  const modelConfig = modelSizes.config;
  // A software adapter has its pictures made on the host.
  if (!gpu.software) gpu.empty("pictures", [keptPictureBytes(config, step) / 4], "u32");
  const lora = adapterIn(config, modelSizes);
  const model = await emptyModel(gpu, modelSizes, lora === null, config);
  if (lora) model.adapter = new LoraAdapter(gpu, model.parameters, lora, { trained: true });
  const learner = new Learner(gpu, model, "policy");
  const together = config.tasksPerRoll || step.tasks.length;
  let rolling: Rolling | null = null;
  for (let first = 0; first < step.tasks.length; first += together)
    rolling = await roll(gpu, model, { ...step, tasks: step.tasks.slice(first, first + together) }, rolling);

  const groups = largest(
    step.tasks.map((task) => groupOf(task, modelConfig)),
    modelConfig,
  );
  const settings = updateSettings(config, 0, []);
  if (config.klLossCoef > 0 || config.klRewardCoef > 0) {
    // Under a new adapter the model without it is the reference.
    const isSame = lora && config.adapter === "";
    const reference = isSame ? model.withoutAdapter() : await emptyModel(gpu, modelSizes, false, config);
    await new Learner(gpu, reference, "policy").logprobs(groups, settings);
  }
  const perUpdate = config.miniBatchTasks || groups.length;
  for (let first = 0; first < groups.length; first += perUpdate)
    await learner.update(groups.slice(first, first + perUpdate), settings, { updatesBefore: 0 });
}

/**
 * Pictures of a step and of the next one, and what the model reads of them, as far as a device keeps them. Beyond that it makes
 * sources anew, a slab at a time, before it gives others up.
 */
function keptPictureBytes(config: RunConfig, { tasks }: StepShape): number {
  const bytesOf = ({ pictures }: PassageShape) => pictures.reduce((sum, picture) => sum + bytesOfPicture(picture), 0);
  const pictures = sourcePictures(config);
  const sources = tasks.reduce((sum, _, i) => sum + bytesOfPicture(pictures[i % pictures.length]!), 0);
  const prompts = tasks.reduce((sum, { prompt }) => sum + bytesOf(prompt), 0);
  const answers = tasks.flatMap(({ rollouts }) => rollouts.flatMap((rollout) => rollout.answers.map(bytesOf)));
  const bytes = Math.ceil((2 * (sources + prompts) + answers.reduce((sum, one) => sum + one, 0)) / 4) * 4;
  return Math.min(bytes, mostKeptBytes + Math.min(mostSlabBytes, Math.ceil(sources / 4) * 4));
}

/** The largest groups, enough for two micro-batches: those are what the others take turns in. */
function largest(groups: readonly PackedGroup[], model: ModelConfig): PackedGroup[] {
  const sized = groups.map((group) => {
    const { rows, patches } = sizes(group);
    return { group, bytes: activationBytes(model, rows, patches) };
  });
  let bytes = 0;
  return sized
    .sort((a, b) => b.bytes - a.bytes)
    .filter((one) => {
      bytes += one.bytes;
      return bytes - one.bytes < 2 * maxPassBytes;
    })
    .map(({ group }) => group);
}

async function emptyModel(gpu: Gpu, { config, formOf }: ModelSizes, trained: boolean, run: RunConfig): Promise<Model> {
  const isRounded = (parameter: ParameterShape) => run.baseDtype === "bf16" && formOf(parameter).dtype === "bf16";
  const isFrozen = frozenWeights(run);
  const model = buildModel(gpu, config, { trained, isFrozen, formOf, isRounded, kvCacheDtype: run.kvCacheDtype });
  await useMatrixUnits(gpu, model);
  return model;
}

/** The caches and plans of rollouts, and the prefills that were made in them, by their sizes. */
interface Rolling {
  workspace: Workspace;
  made: Set<string>;
}

/** Every pass of sampling, once for each size. @param before  of the tasks that were rolled before */
async function roll(
  gpu: Gpu,
  model: Model,
  { tasks, capacityTokens }: StepShape,
  before: Rolling | null,
): Promise<Rolling> {
  const { config } = model;
  const passages = new Map<PassageShape, Omit<PrefillPart, "slots">>();
  const partOf = (shape: PassageShape, slots: number[]): PrefillPart => {
    const known = passages.get(shape) ?? { ...whole(shape, config), cacheBegin: 1, prefix: null, begin: 0 };
    passages.set(shape, known);
    return { ...known, slots };
  };
  const perTask = tasks[0]!.rollouts.length;
  const prompts = tasks.map(({ prompt }, task) =>
    partOf(
      prompt,
      Array.from({ length: perTask }, (_, i) => task * perTask + i),
    ),
  );
  const size = {
    prompts: tasks.length,
    slots: tasks.length * perTask,
    prefixTokens: Math.max(...prompts.map(({ tokens }) => tokens.length)),
    suffixTokens: capacityTokens,
  };
  const fits = before?.workspace.fits(size);
  if (!fits) before?.workspace.free();
  const rolling = fits ? before! : { workspace: new Workspace(gpu, model, size), made: new Set<string>() };
  const { workspace, made } = rolling;
  const rollouts = tasks.flatMap((task) => task.rollouts);
  const longest = Math.max(...rollouts.map(({ turns }) => turns.length));
  let parts = prompts;
  for (let turn = 0; turn < longest; turn++) {
    for (const chunk of chunksOf(parts, config, gpu)) {
      const key = chunk.map(({ tokens, images }) => `${tokens.length} ${images.map(patchesOf)}`).join();
      if (!made.has(key)) await workspace.prefill(chunk, null);
      made.add(key);
    }
    const waiting = [...rollouts.keys()].filter((row) => rollouts[row]!.turns.length > turn);
    await workspace.decode(waiting, 1, null);
    parts = waiting.flatMap((row) => {
      const answer = rollouts[row]!.answers[turn];
      return answer ? [partOf(answer, [row])] : [];
    });
  }
  return rolling;
}

const patchesOf = ({ grid }: InputImage): number => grid.t * grid.h * grid.w;

/** A passage as the model reads it. */
function whole(shape: PassageShape, { vision, imageTokenId }: ModelConfig) {
  const passage = passageOf(shape, { vision, imageTokenId });
  const { tokens } = passage;
  const images = passage.images.map((pixels) => inputImage(pixels, vision));
  const grids = images.map(({ grid }) => grid);
  return {
    tokens,
    images,
    positions: ropePositions({ tokens, imageTokenId, grids, mergeSize: vision.spatialMergeSize }),
  };
}

function groupOf({ prompt, rollouts, continuations = [] }: TaskShape, model: ModelConfig): PackedGroup {
  const images = (passage: Passage) => passage.images.map((pixels) => inputImage(pixels, model.vision));
  const opening = passageOf(prompt, model);
  const sequences = [...rollouts, ...continuations].map(({ turns, answers }): Sequence => {
    const tokens: number[] = [];
    const targets: Target[] = [];
    const shown: Sequence["images"][number][] = [];
    for (const [i, count] of turns.entries()) {
      for (let k = 0; k < count; k++) {
        targets.push({ at: tokens.length - 1, token: someToken, weight: 1, oldLogprob: 0, advantage: 1 });
        tokens.push(someToken);
      }
      const answer = answers[i];
      if (!answer || i + 1 >= turns.length) continue;
      const passage = passageOf(answer, model);
      tokens.push(...passage.tokens);
      shown.push(...images(passage));
    }
    return { tokens, images: shown, targets };
  });
  return { prefix: { tokens: opening.tokens, images: images(opening) }, sequences };
}

function passageOf(
  { textTokens, pictures }: PassageShape,
  { vision, imageTokenId }: Pick<ModelConfig, "vision" | "imageTokenId">,
): Passage {
  const factor = vision.patchSize * vision.spatialMergeSize;
  const tokens = new Array<number>(textTokens).fill(someToken);
  for (const { width, height } of pictures)
    for (let k = 0; k < (width / factor) * (height / factor); k++) tokens.push(imageTokenId);
  return { tokens, images: pictures.map(blank) };
}

const blanks = new Map<string, Pixels>();

/** One picture for each size; its pixels do not matter. */
function blank({ width, height }: InputSize): Pixels {
  const key = `${width} ${height}`;
  const known = blanks.get(key) ?? { width, height, data: new Uint8Array(width * height * 3) };
  blanks.set(key, known);
  return known;
}
