import type { Gpu } from "../gpu/gpu.ts";
import type { Pixels } from "../image/pixels.ts";
import type { ModelConfig } from "../model/config.ts";
import { LoraAdapter } from "../model/lora.ts";
import type { Model } from "../model/model.ts";
import { Qwen25VL } from "../model/qwen2_5_vl.ts";
import { Qwen3VL } from "../model/qwen3_vl.ts";
import { shownImage } from "../model/vision_rows.ts";
import { GpuPolicy } from "../policy/gpu_policy.ts";
import type { Passage } from "../policy/policy.ts";
import { newLoraConfig } from "../train/adapter.ts";
import { hasAdapter } from "../train/adapter_settings.ts";
import type { RunConfig } from "../train/knobs.ts";
import { Learner } from "../train/learner.ts";
import type { PackedGroup, Sequence, Target } from "../train/pack.ts";
import { updateSettings } from "../train/update.ts";

/** A picture as the model sees it, px. */
export interface ShownSize {
  width: number;
  height: number;
}

/** Text of so many tokens, and pictures. */
export interface PassageShape {
  textTokens: number;
  pictures: readonly ShownSize[];
}

/** What a rollout writes and is answered, in turns: each answer stands behind the turn of its place. */
export interface RolloutShape {
  turns: readonly number[];
  answers: readonly PassageShape[];
}

export interface TaskShape {
  prompt: PassageShape;
  rollouts: readonly RolloutShape[];
}

export interface StepShape {
  tasks: readonly TaskShape[];
  /** Tokens that a conversation has room for after its prompt. */
  roomTokens: number;
}

/** Any token of text. */
const someToken = 1;
/** A turn ends by its length. */
const nothingStops = 0xffffffff;
const sampling = { seed: 0, step: 0, temperature: 1, suppressed: [], stops: [nothingStops] };

/**
 * One step of a run on a device that only counts, by the code that real steps run: model, adapter, sampling, reference
 * and update. What the pool of `gpu` holds at its peak is what the step takes.
 */
export async function simulateStep(
  gpu: Gpu,
  config: RunConfig,
  modelConfig: ModelConfig,
  step: StepShape,
): Promise<void> {
  const isAdapted = hasAdapter(config);
  const model = emptyModel(gpu, modelConfig, !isAdapted);
  if (isAdapted)
    model.adapter = new LoraAdapter(
      gpu,
      model.parameters,
      newLoraConfig({ ...config, loraRank: config.loraRank || 16 }),
      {
        trained: true,
      },
    );
  const learner = new Learner(gpu, model, "policy");
  learner.gradientCheckpointing = config.gradientCheckpointing;
  const policy = new GpuPolicy(gpu, model);
  const together = config.tasksPerRoll || step.tasks.length;
  for (let first = 0; first < step.tasks.length; first += together)
    await roll(policy, modelConfig, step.tasks.slice(first, first + together), step.roomTokens);

  const groups = step.tasks.map((task) => groupOf(task, modelConfig));
  const settings = updateSettings(config, 0, []);
  if (config.klLossCoef > 0 || config.klRewardCoef > 0) {
    // Under a new adapter the model itself is the reference.
    const { adapter } = model;
    model.adapter = null;
    const reference = isAdapted && config.adapter === "" ? model : emptyModel(gpu, modelConfig, false);
    await new Learner(gpu, reference, "policy").logprobs(groups, settings);
    model.adapter = adapter;
  }
  const perUpdate = config.miniBatchTasks || groups.length;
  for (let first = 0; first < groups.length; first += perUpdate)
    await learner.update(groups.slice(first, first + perUpdate), settings);
}

function emptyModel(gpu: Gpu, config: ModelConfig, trained: boolean): Model {
  const { vision } = config;
  return vision.family === "qwen3_vl"
    ? new Qwen3VL(gpu, { ...config, vision }, { trained })
    : new Qwen25VL(gpu, { ...config, vision }, { trained });
}

async function roll(policy: GpuPolicy, model: ModelConfig, tasks: readonly TaskShape[], room: number): Promise<void> {
  const perTask = tasks[0]!.rollouts.length;
  const prompts = tasks.map(({ prompt }) => passageOf(prompt, model));
  const conversations = await policy.begin(prompts, perTask, room, sampling);
  const rollouts = tasks.flatMap(({ rollouts }) => rollouts);
  const longest = Math.max(...rollouts.map(({ turns }) => turns.length));
  for (let turn = 0; turn < longest; turn++) {
    const waiting = [...rollouts.keys()].filter((row) => rollouts[row]!.turns.length > turn);
    // All tokens of a turn are written by one plan: two are enough to make it.
    const writing = conversations.write(waiting, 2);
    while (!(await writing.next()).done);
    const answered = waiting.filter((row) => rollouts[row]!.answers.length > turn);
    const answers = answered.map((row) => passageOf(rollouts[row]!.answers[turn]!, model));
    if (answered.length > 0) await conversations.append(answered, answers);
  }
  conversations.close();
}

function groupOf({ prompt, rollouts }: TaskShape, model: ModelConfig): PackedGroup {
  const images = (passage: Passage) => passage.shown.map((shown) => shownImage(shown, model.vision));
  const opening = passageOf(prompt, model);
  const sequences = rollouts.map(({ turns, answers }): Sequence => {
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

function passageOf({ textTokens, pictures }: PassageShape, { vision, imageTokenId }: ModelConfig): Passage {
  const factor = vision.patchSize * vision.spatialMergeSize;
  const tokens = new Array<number>(textTokens).fill(someToken);
  for (const { width, height } of pictures)
    for (let k = 0; k < (width / factor) * (height / factor); k++) tokens.push(imageTokenId);
  return { tokens, shown: pictures.map(blank) };
}

const blanks = new Map<string, Pixels>();

/** One picture for each size: nobody looks at it. */
function blank({ width, height }: ShownSize): Pixels {
  const key = `${width} ${height}`;
  const known = blanks.get(key) ?? { width, height, data: new Uint8Array(width * height * 3) };
  blanks.set(key, known);
  return known;
}
