import type { Rolled } from "../agent/loop.ts";
import type { Rollout } from "../agent/rollout.ts";
import type { Pixels } from "../image/pixels.ts";
import type { VisionConfig } from "../model/config.ts";
import { type InputImage, inputImage } from "../model/vision_rows.ts";
import { hasVariance } from "./advantage.ts";
import { tokenWeights } from "./aggregation.ts";
import type { Metrics } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import type { PackedGroup, Sequence, Target } from "./pack.ts";

/** What of a step enters the loss. */
export interface Batch {
  /** The groups of each optimizer update of a pass, in order; none where nothing is left to learn from. */
  miniBatches: PackedGroup[][];
  /** How much the knobs that leave something out have left out, each where it is on: dropped_groups, masked_rollouts. */
  leftOut: Metrics;
}

type BatchSettings = Pick<
  RunConfig,
  "lossAggMode" | "microBatchRollouts" | "miniBatchTasks" | "responseTokens" | "zeroVariance" | "overlong"
>;

/**
 * Rolled and scored groups as the learner takes them. Only the model's own tokens are targets. Left out are rollouts
 * without an advantage (the judge failed), where asked for those that ran out of turns or tokens and groups of
 * equal rewards (resampling leaves some where it gives up), and tasks of which nothing remains: means are over the rest.
 *
 * A mini-batch is `miniBatchTasks` of the remaining tasks; the weights of its tokens make up the aggregation within it, by
 * micro-batches of its remaining rollouts where that is asked for. The length that seq-mean-token-sum-norm divides by
 * is verl's, to which it pads every response: the longest allowed, or without a limit the longest of the step.
 */
export function packRollouts(rolled: Rolled, config: BatchSettings, vision: VisionConfig): Batch {
  const drop = config.zeroVariance !== "keep";
  const mask = config.overlong === "mask";
  const isMasked = ({ end }: Rollout) => mask && (end === "turns" || end === "length");
  const isTrained = (rollout: Rollout) => !isMasked(rollout) && rollout.advantage !== null && modelTokens(rollout) > 0;
  const varied = groupsOf(rolled).filter(({ rollouts }) => !drop || hasVariance(rollouts));
  const trained = varied
    .map((group) => ({ ...group, attempts: group.attempts.filter(({ rollout }) => isTrained(rollout)) }))
    .filter(({ attempts }) => attempts.length > 0);
  const paddedLength = config.responseTokens || Math.max(0, ...rolled.rollouts.flat().map(responseTokens));

  const perUpdate = config.miniBatchTasks || Math.max(1, trained.length);
  const miniBatches: PackedGroup[][] = [];
  for (let first = 0; first < trained.length; first += perUpdate) {
    const groups = trained.slice(first, first + perUpdate);
    const attempts = groups.flatMap((group) => group.attempts);
    const lengths = attempts.map(({ rollout }) => modelTokens(rollout));
    const weights = tokenWeights(lengths, config.lossAggMode, paddedLength, config.microBatchRollouts);
    const sequences = pairs(attempts, weights).map(([attempt, weight]) => sequence(attempt, weight, vision));
    miniBatches.push(
      groups.map((group) => ({
        prefix: prefix(group, vision),
        sequences: sequences.splice(0, group.attempts.length),
      })),
    );
  }
  return {
    miniBatches,
    leftOut: {
      ...(drop ? { dropped_groups: rolled.rollouts.length - varied.length } : {}),
      ...(mask ? { masked_rollouts: rolled.rollouts.flat().filter(isMasked).length } : {}),
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

/** Tokens that the model wrote. */
export const modelTokens = ({ segments }: Rollout): number =>
  segments.reduce((n, s) => n + (s.source === "model" ? s.tokens.length : 0), 0);

/** Tokens after the prompt, those of tools included. */
const responseTokens = ({ segments }: Rollout): number =>
  segments.reduce((n, s) => n + (s.source === "prompt" ? 0 : s.tokens.length), 0);

/** A rollout after its prompt; the model's own tokens are its targets. */
function sequence({ rollout, toolImages }: Attempt, weight: number, vision: VisionConfig): Sequence {
  const tokens: number[] = [];
  const targets: Target[] = [];
  for (const { source, tokens: own, logprobs } of rollout.segments.slice(1)) {
    if (source === "model")
      for (const [i, token] of own.entries())
        targets.push({
          at: tokens.length + i - 1,
          token,
          weight,
          oldLogprob: logprobs[i],
          advantage: rollout.advantage ?? 0,
        });
    tokens.push(...own);
  }
  return { tokens, images: inputImages(toolImages, vision), targets };
}
