import type { AnsweredBy, WeightsChoice } from "./asked_weights.ts";
import type { AskedRollout } from "./rollout_api.ts";

/** One alternative at a token position: what else the model might have written. */
export interface Alternative {
  token: number;
  text: string;
  probability: number;
  /** Under the weights that are compared with; null where there are none. */
  other: number | null;
}

/** One token that the model wrote, under the weights that are asked. Log-probabilities are natural, of the written token. */
export interface MeasuredToken {
  /** The five likeliest tokens there, likeliest first, and the written one behind them where it is not among them. */
  alternatives: Alternative[];
  /** With the bits of training. */
  logprob: number;
  /** Nats. */
  entropy: number;
  /** |e - p|, the length of the gradient of the log-probability by the logits at temperature 1. */
  spread: number;
  /** Under the weights that are compared with, and the KL to them over the whole vocabulary, nats; null where there are none. */
  otherLogprob: number | null;
  kl: number | null;
  /** Under the weights that the run began with, which a KL in the loss refers to; null where they cannot be asked. */
  startLogprob: number | null;
}

export interface AskedMeasures extends AskedRollout {
  /** Which weights are compared with those that are asked; none unless given. */
  other?: WeightsChoice | null;
  /** Whether the weights at the start are asked as well. */
  start?: boolean;
}

/** A rollout's tokens, and which weights they were measured under. */
export interface Measures {
  tokens: MeasuredToken[];
  by: AnsweredBy;
  other: AnsweredBy | null;
  /** Why there is nothing to compare with although it was asked; null otherwise. */
  otherProblem: string | null;
  /** Why the weights at the start could not be asked; null otherwise. */
  startProblem: string | null;
}
