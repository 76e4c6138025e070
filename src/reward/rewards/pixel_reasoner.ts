import { answerPart } from "./declared_parts.ts";
import { defineReward } from "./reward_function.ts";

const weights = {
  answer: 1,
  curiosity: 0.25,
  /** Share of a group's attempts that should use the tool. */
  share: 0.3,
  /** 2 for pictures, 1.5 for video. */
  divisor: 2,
  call: 0.05,
};

/** Pixel-Reasoner: curiosity is paid while few of the group use the tool. */
export const pixelReasoner = defineReward({
  name: "pixel-reasoner",
  label: "Pixel-Reasoner",
  help: "answer, curiosity while few of the group use the tool, and a charge for every call after the first",
  source: "TIGER-AI-Lab/Pixel-Reasoner a3a6c3a, curiosity_driven_rl/openrlhf/trainer/ppo_utils/experience_maker.py",
  parts: [
    answerPart,
    { name: "curiosity", label: "curiosity", help: "what was paid for using the tool where few of the group did" },
    { name: "calls", label: "further calls", help: "what was charged for calls after the first" },
  ],
  constants: [
    { label: answerPart.label, value: weights.answer },
    { label: "curiosity", value: weights.curiosity },
    { label: "tool use wanted in a group", value: weights.share },
    { label: "divided by", value: weights.divisor },
    { label: "each further call, minus", value: weights.call },
  ],
  most: weights.answer,
  score: async ({ rollout: { calls }, group, verdict }) => {
    const { right } = await verdict();
    const toolShare = group.filter((one) => one.calls.length > 0).length / group.length;
    const lastWorked = calls.length === 0 || calls.at(-1)?.outcome === "ok";
    const wanted = Math.max(weights.share - toolShare, 0);
    return {
      answer: right && lastWorked ? weights.answer : 0,
      curiosity: calls.length > 0 ? (weights.curiosity * wanted) / (weights.divisor * toolShare) : 0,
      calls: calls.length > 1 ? 0 - weights.call * (calls.length - 1) : 0,
    };
  },
});
