import type { Rolled } from "../agent/loop.ts";
import type { Rollout } from "../agent/rollout.ts";
import type { VisionConfig } from "../model/config.ts";
import { type ShownImage, shownImage } from "../model/vision_rows.ts";
import { tokenWeights } from "./aggregation.ts";
import type { Metrics } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import type { Learner, UpdateSettings } from "./learner.ts";
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
    temperature: config.temperature,
    suppressed,
  };
}

/**
 * Rolled and scored groups as the learner takes them. Only the model's own tokens are targets; a rollout without an
 * advantage (nobody could judge it) is left out. Weights make up the aggregation: token-mean divides by all trained
 * tokens of the step, seq-mean-token-mean first by each rollout's own.
 */
export function packRollouts(
  { rollouts, promptShown, shown }: Rolled,
  lossAggMode: RunConfig["lossAggMode"],
  vision: VisionConfig,
): PackedGroup[] {
  const judged = rollouts.flat().filter((r) => r.advantage !== null);
  const shares = tokenWeights(judged.map(modelTokens), lossAggMode);
  const weights = new Map(judged.map((rollout, i) => [rollout, shares[i]!]));
  return rollouts.map((group, task) => ({
    prefix: {
      tokens: group[0]!.segments[0]!.tokens,
      images: promptShown[task]!.map((shown) => shownImage(shown, vision)),
    },
    sequences: group.flatMap((rollout, i) =>
      rollout.advantage === null
        ? []
        : [
            sequence(
              rollout,
              weights.get(rollout)!,
              shown[task]![i]!.map((crop) => shownImage(crop, vision)),
            ),
          ],
    ),
  }));
}

const modelTokens = ({ segments }: Rollout): number =>
  segments.reduce((n, s) => n + (s.source === "model" ? s.tokens.length : 0), 0);

/** A rollout after its prompt, its model tokens as targets; `images` are its crops as shown. */
export function sequence(rollout: Rollout, weight: number, images: ShownImage[]): Sequence {
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
          advantage: rollout.advantage!,
        });
      });
    tokens.push(...segment.tokens);
  }
  return { tokens, images, targets };
}

/**
 * The updates of one step on its groups.
 *
 * @param reference  gives log-probabilities of the targets under the starting model; asked only where a KL is wanted
 */
export async function update(
  learner: Learner,
  groups: readonly PackedGroup[],
  settings: UpdateSettings,
  updates: number,
  reference: () => Promise<Float32Array>,
): Promise<Metrics> {
  const refLogprobs = settings.klLossCoef > 0 ? await reference() : undefined;
  const weights = groups.flatMap((g) => g.sequences.flatMap((s) => s.targets.map((t) => t.weight)));
  let metrics: Metrics = {};
  for (let i = 0; i < updates; i++) {
    const { terms, gradNorm } = await learner.update(groups, settings, refLogprobs);
    const column = (c: number, reduce: (sum: number, value: number, weight: number) => number) =>
      weights.reduce((sum, weight, t) => reduce(sum, terms[t * 6 + c]!, weight), 0);
    const mean = (c: number) => column(c, (sum, value, weight) => sum + value * weight);
    const policyLoss = mean(0);
    const kl = mean(1);
    // The ratio's distance from 1 before the first update of a batch: 0 where sampling and training agree.
    const drift = column(4, (worst, ratio) => Math.max(worst, Math.abs(ratio - 1)));
    metrics = {
      loss: policyLoss + settings.klLossCoef * kl,
      policy_loss: policyLoss,
      ...(refLogprobs ? { kl_loss: kl } : {}),
      clip_fraction: mean(2),
      clip_fraction_lower: mean(3),
      ppo_kl: mean(5),
      ratio_drift: i === 0 ? drift : metrics.ratio_drift!,
      grad_norm: gradNorm,
      learning_rate: settings.learningRate,
    };
  }
  return metrics;
}
