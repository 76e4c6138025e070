import { answerPart, formatPart } from "./declared_parts.ts";
import { defineReward } from "./reward_function.ts";
import { wellFormed } from "./rollout_facts.ts";

/**
 * Saccade's own weights, where the bonus is for a crop in which the answer can be read, whoever reads it: the model is
 * paid for where it looked, not for having looked.
 */
export const legible = defineReward({
  name: "legible",
  label: "legible crop",
  help: "answer, format and a bonus for a crop in which a reader (PP-OCR) reads the right answer; needs reader",
  source: "our own, by the formula of Visual-Agent/DeepEyes 6c5e796",
  parts: [
    answerPart,
    formatPart,
    { name: "legible", label: "legible", help: "the bonus for a crop in which the right answer was read" },
  ],
  most: ({ answerWeight, bonusWeight, bonus }) =>
    Math.max(0, answerWeight) + (bonus === "none" ? 0 : Math.max(0, bonusWeight)),
  needs: ["reader"],
  score: async ({ rollout, weights, verdict }) => {
    const { right } = await verdict();
    const shown = rollout.calls.filter(({ outcome }) => outcome === "ok");
    // Nobody looked: no reward rather than a wrong one.
    if (shown.some((call) => call.legible === undefined)) return null;
    const found = shown.some((call) => call.legible);
    const earned = weights.bonus === "unconditional" ? found : weights.bonus === "conditional" && found && right;
    return {
      answer: right ? weights.answerWeight : 0,
      format: wellFormed(rollout) ? 0 : -weights.formatWeight,
      legible: earned ? weights.bonusWeight : 0,
    };
  },
});
