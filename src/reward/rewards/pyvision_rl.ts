import { answerPart } from "./declared_parts.ts";
import { defineReward } from "./reward_function.ts";

const answerWeight = 1;
const callWeight = 0.1;

/** PyVision-RL's accumulative tool reward: more for every call, but only with a right answer. */
export const pyvisionRl = defineReward({
  name: "pyvision-rl",
  label: "PyVision-RL",
  help: "answer, and for a right one something more for each call that was carried out",
  source:
    "arXiv 2602.20739, eq. 1: R = R_acc + 0.1 n_tc [R_acc = 1], where n_tc counts calls that were carried out, as its code does; with rankedTasks 16 of tasksPerStep 32, rolloutsPerTask 8 and normAdvByStd false its training is whole",
  parts: [
    answerPart,
    { name: "calls", label: "calls", help: "what was paid for each call of a rollout with a right answer" },
  ],
  constants: [
    { label: answerPart.label, value: answerWeight },
    { label: "each call", value: callWeight },
  ],
  // With one call: how many are allowed is no weight.
  most: answerWeight + callWeight,
  score: async ({ rollout: { calls }, verdict }) => {
    const { right } = await verdict();
    const carriedOut = calls.filter(({ outcome }) => outcome === "ok").length;
    return { answer: right ? answerWeight : 0, calls: right ? callWeight * carriedOut : 0 };
  },
});
