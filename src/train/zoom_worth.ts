/**
 * What the model sees in place of what its tools gave: that itself; grey; what another rollout's tool gave; the whole
 * picture of the task again; or no call at all, so that it answers right after the prompt.
 */
export const counterfactuals = ["tool", "blank", "other", "whole", "none"] as const;
export type Counterfactual = (typeof counterfactuals)[number];

/**
 * Probabilities, 0 to 1, of an answer and of what ends the turn behind it. Absent: there is no other task with a picture of a
 * tool, or no picture in the prompt.
 */
export type AnswerProbabilities = Record<Exclude<Counterfactual, "other" | "whole">, number> &
  Partial<Record<"other" | "whole", number>>;

/** What the pictures of a rollout's tools were worth for its answer. */
export interface ZoomWorth {
  /** Rollout.id */
  rollout: string;
  /** Whether a tool gave a picture; where none did, there is nothing to replace, and "blank" is what "tool" is. */
  called: boolean;
  gold: AnswerProbabilities;
  given: AnswerProbabilities;
}
