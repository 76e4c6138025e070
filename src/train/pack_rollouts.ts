import type { Rolled } from "../agent/loop.ts";
import type { Rollout } from "../agent/rollout.ts";
import { expectFromHere } from "../agent/rollouts_elsewhere.ts";
import type { Pixels } from "../image/pixels.ts";
import type { VisionConfig } from "../model/config.ts";
import { type InputImage, inputImage } from "../model/vision_rows.ts";
import { type BatchSettings, batchWeights } from "./batch_weights.ts";
import { type CreditSettings, tokenAdvantages } from "./call_credit.ts";
import type { Metrics } from "./events.ts";
import type { PackedGroup, Sequence, Target } from "./pack.ts";
import { areTrained } from "./trained_tokens.ts";

/** What of a step enters the loss. */
export interface Batch {
  /** The groups of each optimizer update of a pass, in order; none where nothing is left to learn from. */
  miniBatches: PackedGroup[][];
  /** How much the knobs that leave something out have left out, each where it is on: dropped_groups, outranked_groups, masked_rollouts. */
  leftOut: Metrics;
}

/** Rolled and scored groups as the learner takes them. Only the model's own tokens are targets. */
export function packRollouts(rolled: Rolled, config: BatchSettings & CreditSettings, vision: VisionConfig): Batch {
  for (const rollout of rolled.rollouts.flat()) expectFromHere(rollout, "trained on");
  const { miniBatches, droppedGroups, outrankedGroups, maskedRollouts } = batchWeights(rolled.rollouts, config);
  const groups = groupsOf(rolled);
  return {
    miniBatches: miniBatches.map((tasks) =>
      tasks.map(({ taskIndex, rollouts }) => {
        const group = groups[taskIndex]!;
        return {
          prefix: prefix(group, vision),
          sequences: rollouts.map(({ rolloutIndex, weight }) =>
            sequence(group.attempts[rolloutIndex]!, weight, vision, config),
          ),
        };
      }),
    ),
    leftOut: {
      ...(config.zeroVariance === "keep" ? {} : { dropped_groups: droppedGroups }),
      ...(config.rankedTasks === 0 ? {} : { outranked_groups: outrankedGroups }),
      ...(config.overlong === "mask" ? { masked_rollouts: maskedRollouts } : {}),
    },
  };
}

/** All rollouts of a step, of which none enters a loss: for their log-probabilities. */
export const packAll = (rolled: Rolled, vision: VisionConfig): PackedGroup[] =>
  groupsOf(rolled).map((group) => ({
    prefix: prefix(group, vision),
    sequences: group.attempts.map((attempt) => sequence(attempt, 0, vision)),
  }));

/** One rollout, of which nothing enters a loss. */
export const packOne = (
  rollout: Rollout,
  { promptImages, toolImages }: { promptImages: readonly Pixels[]; toolImages: readonly Pixels[] },
  vision: VisionConfig,
): PackedGroup => ({
  prefix: prefix({ rollouts: [rollout], promptImages }, vision),
  sequences: [sequence({ rollout, toolImages }, 0, vision)],
});

/** A rollout, and the model inputs of the pictures that tools gave in it. */
interface Attempt {
  rollout: Rollout;
  toolImages: readonly Pixels[];
}

/** The rollouts of one task, with the pictures in them. */
interface Group {
  rollouts: readonly Rollout[];
  promptImages: readonly Pixels[];
  attempts: readonly Attempt[];
}

const groupsOf = ({ rollouts, promptImages, toolImages }: Rolled): Group[] =>
  pairs(pairs(rollouts, promptImages), toolImages).map(([[group, images], ofGroup]) => ({
    rollouts: group,
    promptImages: images,
    attempts: pairs(group, ofGroup).map(([rollout, toolImages]) => ({ rollout, toolImages })),
  }));

/** Two lists side by side. @throws RangeError where one is longer */
function pairs<A, B>(left: readonly A[], right: readonly B[]): [A, B][] {
  if (left.length !== right.length)
    throw new RangeError(`Expected as many on both sides, found ${left.length} and ${right.length}`);
  return left.map((one, i) => [one, right[i]!]);
}

const prefix = (
  { rollouts: [first], promptImages }: Pick<Group, "rollouts" | "promptImages">,
  vision: VisionConfig,
): PackedGroup["prefix"] => ({
  tokens: first?.segments[0]?.tokens ?? [],
  images: inputImages(promptImages, vision),
});

const inputImages = (pictures: readonly Pixels[], vision: VisionConfig): InputImage[] =>
  pictures.map((pixels) => inputImage(pixels, vision));

/** Of what enters no loss. */
const wholeAdvantage: CreditSettings = { callCredit: 0, callRouting: "whole" };

/**
 * A rollout after its prompt; the model's own tokens are its targets: with the settings of a loss those that enter it, else all.
 */
function sequence(
  { rollout, toolImages }: Attempt,
  weight: number,
  vision: VisionConfig,
  credit: CreditSettings | null = null,
): Sequence {
  expectFromHere(rollout, "read by another model");
  const advantages = tokenAdvantages(rollout, credit ?? wholeAdvantage);
  const trained = credit ? areTrained(rollout) : null;
  const tokens: number[] = [];
  const targets: Target[] = [];
  let written = 0;
  const { segments } = rollout;
  // Loops over places: all tokens of a step come by here, while the GPU waits for them.
  for (let s = 1; s < segments.length; s++) {
    const { source, tokens: own, logprobs } = segments[s]!;
    const isModels = source === "model";
    for (let i = 0; i < own.length; i++) {
      const token = own[i]!;
      if (isModels) {
        const advantage = advantages[written]!;
        const isLeftOut = trained !== null && !trained[written];
        written++;
        if (!isLeftOut) targets.push({ at: tokens.length - 1, token, weight, oldLogprob: logprobs[i], advantage });
      }
      tokens.push(token);
    }
  }
  return { tokens, images: inputImages(toolImages, vision), targets };
}
