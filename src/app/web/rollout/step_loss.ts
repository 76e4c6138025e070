import type { Rollout } from "../../../agent/rollout.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import {
  type LossConfig,
  logitGradients,
  type MeasuredRollout,
  type RolloutLoss,
  rolloutLoss,
  sampledLogprobs,
} from "../../../train/rollout_loss.ts";
import type { Measures } from "../../worker_api/token_measures.ts";
import type { StepRecord } from "../run/run_state.ts";
import type { Chosen } from "../run/store.ts";

/** The loss of a rollout's sampled tokens, and how hard each pulls at the model. */
export interface StepLoss extends RolloutLoss {
  /** Length of the loss's gradient by the logits, a token each. */
  gradients: number[];
  /** Sums over the rollout's tokens: of the losses' sizes, and of the gradients. */
  lossSum: number;
  gradientSum: number;
}

/** Whether a log lacks what a rollout's tokens were sampled with: their ratios are not known then, and so is no loss. */
export const lacksLogprobs = (rollout: Rollout): boolean =>
  sampledLogprobs(rollout).some((logprob) => !Number.isFinite(logprob));

/**
 * A rollout among all of its step, with what the model finds in it; null where the step is not in memory as a whole, and where
 * its log lacks log-probabilities.
 */
export function measuredIn(
  steps: readonly StepRecord[],
  { rollout, step }: Chosen,
  { tokens }: Measures,
): MeasuredRollout | null {
  const groups = steps.find((record) => record.step === step)?.groups;
  if (!groups) return null;
  const whole = groups.filter((group) => group !== null);
  if (whole.length < groups.length) return null;
  const { taskIndex, rolloutIndex } = rollout;
  if (groups[taskIndex]?.[rolloutIndex]?.id !== rollout.id || lacksLogprobs(rollout)) return null;
  const startLogprobs = tokens.flatMap(({ startLogprob }) => startLogprob ?? []);
  return {
    groups: whole,
    taskIndex,
    rolloutIndex,
    logprobs: tokens.map(({ logprob }) => logprob),
    refLogprobs: startLogprobs.length === tokens.length ? startLogprobs : null,
  };
}

/** The loss under one choice of knobs. */
export function lossUnder(
  of: MeasuredRollout,
  { tokens }: Measures,
  config: LossConfig & Pick<RunConfig, "temperature">,
): StepLoss {
  const loss = rolloutLoss(of, config);
  const gradients = logitGradients(
    loss.terms,
    tokens.map(({ spread }) => spread),
    config.temperature,
  );
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    ...loss,
    gradients,
    lossSum: sum(loss.terms.map((term) => Math.abs(term.loss))),
    gradientSum: sum(gradients),
  };
}

/** The loss by the run's own settings. */
export function stepLoss(
  steps: readonly StepRecord[],
  chosen: Chosen,
  config: RunConfig | null,
  found: Measures | null,
): StepLoss | null {
  if (!config || !found) return null;
  const measured = measuredIn(steps, chosen, found);
  return measured && lossUnder(measured, found, config);
}
