import { answerPart, formatPart } from "./declared_parts.ts";
import { deepEyesParts } from "./deepeyes_formula.ts";
import { defineReward } from "./reward_function.ts";
import { wellFormed } from "./rollout_facts.ts";

const weights = { answer: 0.8, format: 0.2, zoom: 0 };

/** DeepEyes v2. */
export const deepeyesV2 = defineReward({
  name: "deepeyes-v2",
  label: "DeepEyes v2",
  help: "answer and format; the tool is not paid",
  source: "Visual-Agent/DeepEyesV2 0373e6e; its factor for web searches does not apply, since nothing is searched",
  parts: [answerPart, formatPart],
  constants: [
    { label: answerPart.label, value: weights.answer },
    { label: formatPart.label, value: weights.format },
  ],
  most: weights.answer,
  score: async ({ rollout, verdict }) => {
    const { right } = await verdict();
    const { answer, format } = deepEyesParts({ right, wellFormed: wellFormed(rollout), earned: false }, weights);
    return { answer, format };
  },
});
