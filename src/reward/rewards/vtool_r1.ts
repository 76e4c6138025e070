import { answerPart } from "./declared_parts.ts";
import { defineReward } from "./reward_function.ts";

const answerWeight = 1;

/** VTool-R1. */
export const vtoolR1 = defineReward({
  name: "vtool-r1",
  label: "VTool-R1",
  help: "the judged outcome and nothing else",
  source: "VTool-R1/VTool-R1 5318fb2",
  parts: [answerPart],
  constants: [{ label: answerPart.label, value: answerWeight }],
  most: answerWeight,
  score: async ({ verdict }) => ({ answer: (await verdict()).right ? answerWeight : 0 }),
});
