import type { Rolled } from "../agent/loop.ts";
import type { Rollout } from "../agent/rollout.ts";
import type { Pixels } from "../image/pixels.ts";
import type { VisionConfig } from "../model/config.ts";
import { type InputImage, inputImage } from "../model/vision_rows.ts";
import { hasVariance } from "./advantage.ts";
import { tokenWeights } from "./aggregation.ts";
import type { Metrics } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import type { Learner, UpdateResult, UpdateSettings } from "./learner.ts";
import type { PackedGroup, Sequence, Target } from "./pack.ts";

/** AdamW's epsilon; torch's default. */
const adamEps = 1e-8;

/** What an update needs to know of a run, at a step counted from 0. */
export function updateSettings(config: RunConfig, step: number, suppressed: readonly number[]): UpdateSettings {
  const warm = config.warmupSteps > 0 ? Math.min(1, (step + 1) / config.warmupSteps) : 1;
  return {
    learningRate: config.learningRate * warm,
    beta1: config.beta1,
    beta2: config.beta2,
    eps: adamEps,
    weightDecay: config.weightDecay,
    decayVectors: true,
    maxGradNorm: config.maxGradNorm,
    clipRatioLow: config.clipRatioLow,
    clipRatioHigh: config.clipRatioHigh,
    clipRatioC: config.clipRatioC,
    klLossCoef: config.klLossCoef,
    klLossType: config.klLossType,
    entropyCoef: config.entropyCoef,
    temperature: config.temperature,
    suppressed,
  };
}

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
 * without an advantage (nobody could judge them), where asked for those that ran out of turns or tokens and groups of
 * equal rewards (resampling leaves some where it gives up), and tasks of which nothing remains: means are over the rest.
 *
 * A mini-batch is so many of the remaining tasks; the weights of its tokens make up the aggregation within it, by
 * micro-batches of its remaining rollouts where that is asked for. The length that seq-mean-token-sum-norm divides by
 * is verl's, to which it pads every response: the longest allowed, or without a limit the longest of the step.
 */
export function packRollouts(
  { rollouts, promptImages, toolImages }: Rolled,
  config: BatchSettings,
  vision: VisionConfig,
): Batch {
  const drop = config.zeroVariance !== "keep";
  const mask = config.overlong === "mask";
  const varied = rollouts.map((group) => !drop || hasVariance(group));
  const masked = (rollout: Rollout) => mask && (rollout.end === "turns" || rollout.end === "length");
  const tasks = rollouts.flatMap((group, task) => {
    const trained = group.flatMap((rollout, i) =>
      varied[task] && !masked(rollout) && rollout.advantage !== null && modelTokens(rollout) > 0 ? [i] : [],
    );
    return trained.length > 0 ? [{ task, trained }] : [];
  });
  const paddedLength = config.responseTokens || Math.max(0, ...rollouts.flat().map(responseTokens));

  const perUpdate = config.miniBatchTasks || Math.max(1, tasks.length);
  const miniBatches: PackedGroup[][] = [];
  for (let first = 0; first < tasks.length; first += perUpdate) {
    const members = tasks.slice(first, first + perUpdate);
    const lengths = members.flatMap(({ task, trained }) => trained.map((i) => modelTokens(rollouts[task]![i]!)));
    const weights = tokenWeights(lengths, config.lossAggMode, paddedLength, config.microBatchRollouts).values();
    miniBatches.push(
      members.map(({ task, trained }) => ({
        prefix: prefix(rollouts[task]!, promptImages[task]!, vision),
        sequences: trained.map((i) =>
          sequence(rollouts[task]![i]!, weights.next().value!, inputImages(toolImages[task]![i]!, vision)),
        ),
      })),
    );
  }
  return {
    miniBatches,
    leftOut: {
      ...(drop ? { dropped_groups: varied.filter((one) => !one).length } : {}),
      ...(mask ? { masked_rollouts: rollouts.flat().filter(masked).length } : {}),
    },
  };
}

/** All rollouts of a step, of which none enters a loss: for their log-probabilities. */
export function packAll({ rollouts, promptImages, toolImages }: Rolled, vision: VisionConfig): PackedGroup[] {
  return rollouts.map((group, task) => ({
    prefix: prefix(group, promptImages[task]!, vision),
    sequences: group.map((rollout, i) => sequence(rollout, 0, inputImages(toolImages[task]![i]!, vision))),
  }));
}

const prefix = (group: readonly Rollout[], promptImages: readonly Pixels[], vision: VisionConfig) => ({
  tokens: group[0]!.segments[0]!.tokens,
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

/** A rollout after its prompt, its model tokens as targets; `images` are the pictures that tools gave. */
export function sequence(rollout: Rollout, weight: number, images: InputImage[]): Sequence {
  const tokens: number[] = [];
  const targets: Target[] = [];
  for (const segment of rollout.segments.slice(1)) {
    if (segment.source === "model")
      segment.tokens.forEach((token, i) => {
        targets.push({
          at: tokens.length + i - 1,
          token,
          weight,
          oldLogprob: segment.logprobs[i]!,
          advantage: rollout.advantage ?? 0,
        });
      });
    tokens.push(...segment.tokens);
  }
  return { tokens, images, targets };
}

/**
 * The updates of one step: so many passes over its mini-batches. Metrics are means over the updates, as verl logs them;
 * without an update there is no loss to tell, and the gradient is 0.
 *
 * @param reference  gives log-probabilities of the targets of groups under the starting model; asked once, and only
 *                   where a KL is wanted
 */
export async function update(
  learner: Pick<Learner, "update">,
  { miniBatches, leftOut }: Batch,
  settings: UpdateSettings,
  passes: number,
  reference: (groups: readonly PackedGroup[]) => Promise<Float32Array>,
): Promise<Metrics> {
  const told: Metrics[] = [];
  const wantsKl = settings.klLossCoef > 0 && miniBatches.length > 0;
  const refLogprobs = wantsKl ? await reference(miniBatches.flat()) : undefined;
  for (let pass = 0; pass < passes; pass++) {
    let at = 0;
    for (const groups of miniBatches) {
      const weights = groups.flatMap((g) => g.sequences.flatMap((s) => s.targets.map((t) => t.weight)));
      const result = await learner.update(groups, settings, refLogprobs?.subarray(at, at + weights.length));
      told.push(updateMetrics(result, weights, settings));
      at += weights.length;
    }
  }
  return {
    ...means(told),
    // The ratio's distance from 1 before the first update of a batch: 0 where sampling and training agree.
    ...(told.length > 0 ? { ratio_drift: told[0]!.ratio_drift! } : { grad_norm: 0 }),
    learning_rate: settings.learningRate,
    updates: told.length,
    ...leftOut,
  };
}

/** Losses are aggregated by the weights; what is counted is a share of tokens whatever the aggregation. */
function updateMetrics(
  { terms, entropies, gradNorm }: UpdateResult,
  weights: readonly number[],
  settings: UpdateSettings,
): Metrics {
  const column = (c: number) => (t: number) => terms[t * 6 + c]!;
  const aggregated = (value: (t: number) => number) => weights.reduce((sum, weight, t) => sum + value(t) * weight, 0);
  const share = 1 / weights.length;
  const tokenMean = (value: (t: number) => number) => weights.reduce((sum, _, t) => sum + value(t) * share, 0);
  const ratio = column(4);
  const policyLoss = aggregated(column(0));
  const kl = aggregated(column(1));
  const entropy = aggregated((t) => entropies[t]!);
  const withKl = policyLoss + settings.klLossCoef * kl;
  return {
    loss: settings.entropyCoef === 0 ? withKl : withKl - settings.entropyCoef * entropy,
    policy_loss: policyLoss,
    ...(settings.klLossCoef > 0 ? { kl_loss: kl } : {}),
    ...(settings.entropyCoef === 0 ? {} : { entropy_loss: entropy }),
    clip_fraction: tokenMean(column(2)),
    clip_fraction_lower: tokenMean(column(3)),
    ppo_kl: tokenMean(column(5)),
    ratio_drift: weights.reduce((worst, _, t) => Math.max(worst, Math.abs(ratio(t) - 1)), 0),
    grad_norm: gradNorm,
  };
}

/** The mean of each number over metrics that all have the same names. */
function means(told: readonly Metrics[]): Metrics {
  const names = Object.keys(told[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, told.reduce((sum, one) => sum + one[name]!, 0) / told.length]));
}
