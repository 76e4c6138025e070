import type { KernelTime } from "../gpu/kernel_times.ts";
import type { Metrics } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import type { Learner, UpdateResult, UpdateSettings } from "./learner.ts";
import { learningRateAt } from "./learning_rate.ts";
import type { PackedGroup } from "./pack.ts";
import type { Batch } from "./pack_rollouts.ts";

/** AdamW's epsilon; torch's default. */
const adamEps = 1e-8;

/** The settings of the updates of a step, counted from 0. */
export function updateSettings(config: RunConfig, step: number, suppressed: readonly number[]): UpdateSettings {
  return {
    learningRate: learningRateAt(config, step),
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
    gradientCheckpointing: config.gradientCheckpointing,
    ratioLevel: config.ratioLevel,
  };
}

/** What the updates of a step are made with. */
export interface UpdateParts {
  learner: Pick<Learner, "update">;
  /** The starting model; asked once, and only where a KL to it is in the loss. */
  reference: Pick<Learner, "logprobs">;
  settings: UpdateSettings;
  /** Passes over the mini-batches. */
  passes: number;
  /** Updates that the optimizer's moments have behind them. */
  updates: number;
  /** Called once all passes are in the GPU's queue: what is submitted then sees the new weights. */
  submitted?: () => void;
  traces?: Map<string, KernelTime[]>;
}

/**
 * The updates of one step: `updatesPerStep` passes over its mini-batches. Metrics are means over the updates, as verl logs them;
 * without an update there is no loss to report, and the gradient is 0.
 */
export async function update(
  { miniBatches, leftOut }: Batch,
  { learner, reference, settings, passes, updates, submitted, traces }: UpdateParts,
): Promise<Metrics & { updates: number }> {
  const made: UpdateMetrics[] = [];
  const wantsKl = settings.klLossCoef > 0 && miniBatches.length > 0;
  const refLogprobs = wantsKl ? await reference.logprobs(miniBatches.flat(), settings) : undefined;
  for (let pass = 0; pass < passes; pass++) {
    let at = 0;
    for (const [i, groups] of miniBatches.entries()) {
      const weights = weightsOf(groups);
      const ofGroups = refLogprobs?.subarray(at, at + weights.length);
      const isLast = pass === passes - 1 && i === miniBatches.length - 1;
      const onSubmitted = isLast ? submitted : undefined;
      const options = { updatesBefore: updates + made.length, refLogprobs: ofGroups, onSubmitted, traces };
      made.push(updateMetrics(await learner.update(groups, settings, options), weights, settings));
      at += weights.length;
    }
  }
  const [first] = made;
  return {
    ...means(made),
    // The ratio's distance from 1 before the first update of a batch: 0 where sampling and training agree.
    ...(first ? { ratio_drift: first.ratio_drift } : { grad_norm: 0 }),
    learning_rate: settings.learningRate,
    updates: made.length,
    ...leftOut,
  };
}

type UpdateMetrics = Metrics & { ratio_drift: number };

/** Losses are aggregated by the weights; what is counted is a share of tokens whatever the aggregation. */
function updateMetrics(
  { terms, entropies, gradNorm }: UpdateResult,
  weights: Float64Array,
  settings: UpdateSettings,
): UpdateMetrics {
  const share = 1 / weights.length;
  let [policyLoss, kl, entropy, clipped, clippedLower, ppoKl, drift] = [0, 0, 0, 0, 0, 0, 0];
  for (let t = 0; t < weights.length; t++) {
    const weight = weights[t]!;
    const at = t * 6;
    policyLoss += terms[at]! * weight;
    kl += terms[at + 1]! * weight;
    entropy += entropies[t]! * weight;
    clipped += terms[at + 2]! * share;
    clippedLower += terms[at + 3]! * share;
    ppoKl += terms[at + 5]! * share;
    drift = Math.max(drift, Math.abs(terms[at + 4]! - 1));
  }
  const withKl = policyLoss + settings.klLossCoef * kl;
  return {
    loss: settings.entropyCoef === 0 ? withKl : withKl - settings.entropyCoef * entropy,
    policy_loss: policyLoss,
    ...(settings.klLossCoef > 0 ? { kl_loss: kl } : {}),
    ...(settings.entropyCoef === 0 ? {} : { entropy_loss: entropy }),
    clip_fraction: clipped,
    clip_fraction_lower: clippedLower,
    ppo_kl: ppoKl,
    ratio_drift: drift,
    grad_norm: gradNorm,
  };
}

/** The weights of all targets, in order. */
function weightsOf(groups: readonly PackedGroup[]): Float64Array {
  const count = groups.reduce((n, { sequences }) => n + sequences.reduce((m, { targets }) => m + targets.length, 0), 0);
  const weights = new Float64Array(count);
  let at = 0;
  for (const { sequences } of groups)
    for (const { targets } of sequences) for (const { weight } of targets) weights[at++] = weight;
  return weights;
}

/** The mean of each number over metrics that all have the same names. */
function means(all: readonly Metrics[]): Metrics {
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, all.reduce((sum, { [name]: value = Number.NaN }) => sum + value, 0) / all.length]),
  );
}
