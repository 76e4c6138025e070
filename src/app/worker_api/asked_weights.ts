/**
 * Whose answer is wanted: the weights as they are now, those that the run began with, or those of its stored checkpoint
 * that is nearest to the weights that wrote the rollout.
 */
export const weightsChoices = ["now", "start", "checkpoint"] as const;
export type WeightsChoice = (typeof weightsChoices)[number];

/** Which weights a question is for. */
export interface AskedWeights {
  /** "now" unless given. */
  weights?: WeightsChoice;
  /** Under which name the rollout's run is stored in this browser; null or absent where it is not. Needed for "checkpoint". */
  run?: string | null;
}

/** Which weights answered. */
export interface AnsweredBy {
  weights: WeightsChoice;
  /** Steps of the run that these weights have behind them: 0 at its start, null for those of now, of which the page knows. */
  step: number | null;
}
