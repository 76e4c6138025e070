import { answerPart } from "./declared_parts.ts";
import { defineReward } from "./reward_function.ts";

const answerWeight = 1;

/** Mini-o3's over-turn masking: an attempt that ran out has no reward rather than a bad one. */
export const miniO3 = defineReward({
  name: "mini-o3",
  label: "Mini-o3",
  help: "answer only; a rollout that ran out of turns or tokens is left out rather than wrong",
  source: "Mini-o3/Mini-o3 8654dbf (over-turn masking; groups without variance are resampled by the trainer)",
  parts: [answerPart],
  constants: [{ label: answerPart.label, value: answerWeight }],
  most: answerWeight,
  score: async ({ rollout: { end }, verdict }) => {
    const { right } = await verdict();
    return end === "turns" || end === "length" ? null : { answer: right ? answerWeight : 0 };
  },
});
