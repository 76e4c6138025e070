import { answerPart, formatPart, zoomPart } from "./declared_parts.ts";
import { deepEyesParts } from "./deepeyes_formula.ts";
import { defineReward } from "./reward_function.ts";
import { wellFormed, zoomed } from "./rollout_facts.ts";

/**
 * Saccade's own: DeepEyes' formula with weights that are knobs of the run. Only a zoom that the tool carried out earns
 * the bonus, not a call that failed or was merely written.
 */
export const ownWeights = defineReward({
  name: "weights",
  label: "own weights",
  help: "answer, format and a bonus for zooming, by the run's own weights",
  source: "DeepEyes' formula, with a zoom that was carried out in the place of tags in the text",
  parts: [answerPart, formatPart, zoomPart],
  most: ({ answerWeight, bonusWeight, bonus }) =>
    Math.max(0, answerWeight) + (bonus === "none" ? 0 : Math.max(0, bonusWeight)),
  score: async ({ rollout, weights, verdict }) => {
    const { right } = await verdict();
    const earned =
      weights.bonus === "unconditional" ? zoomed(rollout) : weights.bonus === "conditional" && zoomed(rollout) && right;
    return deepEyesParts(
      { right, wellFormed: wellFormed(rollout), earned },
      { answer: weights.answerWeight, format: weights.formatWeight, zoom: weights.bonusWeight },
    );
  },
});
