import { answerPart, formatPart } from "./declared_parts.ts";
import { defineReward } from "./reward_function.ts";
import { wellFormed } from "./rollout_facts.ts";

const weights = { answer: 0.9, format: 0.1 };
/** Characters from which on an answer is too long for good format. */
const longAnswer = 1000;

/** Chain-of-Focus. */
export const chainOfFocus = defineReward({
  name: "chain-of-focus",
  label: "Chain-of-Focus",
  help: "0.9 for the answer, 0.1 for good format and an answer that is not too long",
  source: "xtong-zhang/Chain-of-Focus 431ff0d, verl/recipe/zoomin/zoomin_reward3.py",
  parts: [answerPart, formatPart],
  constants: [
    { label: answerPart.label, value: weights.answer },
    { label: formatPart.label, value: weights.format },
    { label: "longest answer, characters", value: longAnswer },
  ],
  most: weights.answer + weights.format,
  score: async ({ rollout, verdict }) => {
    const { right } = await verdict();
    const isGood = wellFormed(rollout) && (rollout.answer?.length ?? 0) < longAnswer;
    return { answer: right ? weights.answer : 0, format: isGood ? weights.format : 0 };
  },
});
