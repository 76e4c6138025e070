import { answerPart, formatPart, zoomPart } from "./declared_parts.ts";
import { deepEyesParts } from "./deepeyes_formula.ts";
import { defineReward } from "./reward_function.ts";
import { wellFormed, zoomed } from "./rollout_facts.ts";

const weights = { answer: 0.8, format: 0.2, zoom: 0.4 };

/** DeepEyes' ablation: the bonus does not ask for a right answer. */
export const deepeyesAnyZoom = defineReward({
  name: "deepeyes-any-zoom",
  label: "DeepEyes, any zoom",
  help: "the ablation with an unconditional bonus: every zoom is paid",
  source: "Visual-Agent/DeepEyes 6c5e796, verl/utils/reward_score/vl_agent.py, a line commented out",
  parts: [answerPart, formatPart, zoomPart],
  constants: [
    { label: answerPart.label, value: weights.answer },
    { label: formatPart.label, value: weights.format },
    { label: zoomPart.label, value: weights.zoom },
  ],
  most: weights.answer + weights.zoom,
  score: async ({ rollout, verdict }) => {
    const { right } = await verdict();
    return deepEyesParts({ right, wellFormed: wellFormed(rollout), earned: zoomed(rollout) }, weights);
  },
});
