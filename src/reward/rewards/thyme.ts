import { answerPart, formatPart } from "./declared_parts.ts";
import { defineReward } from "./reward_function.ts";
import { wellFormed } from "./rollout_facts.ts";

const weights = { answer: 1, consistency: 0.5, format: 0.5 };

/** Thyme: a judge also says whether right answers follow from what was thought before them. */
export const thyme = defineReward({
  name: "thyme",
  label: "Thyme",
  help: "answer, half as much again where it follows from the thought, and format",
  source: "yfzhang114/Thyme b9285b7: result (1 + 0.5 consistency) + 0.5 format",
  parts: [
    answerPart,
    {
      name: "consistency",
      label: "answer follows from the thought",
      help: "what was paid for right answers that follow from the thought",
    },
    formatPart,
  ],
  constants: [
    { label: answerPart.label, value: weights.answer },
    { label: "answer follows from the thought", value: weights.consistency },
    { label: formatPart.label, value: weights.format },
  ],
  most: weights.answer + weights.answer * weights.consistency + weights.format,
  needs: ["consistency"],
  score: async ({ rollout, verdict, consistent }) => {
    const { right } = await verdict();
    // Wrong answers are paid nothing for consistency, so the judge is not asked about them.
    const follows = right ? await consistent() : false;
    if (follows === null) return null;
    return {
      answer: right ? weights.answer : 0,
      consistency: follows ? weights.answer * weights.consistency : 0,
      format: wellFormed(rollout) ? weights.format : 0,
    };
  },
});
