import { afterLast, length, strip } from "../../policy/python_text.ts";
import { reasoningAnswer } from "../responses/deepeyes.ts";
import { reasoningRequest } from "./deepeyes_prompts.ts";
import { defineJudge, type OriginalJudge } from "./judge.ts";

/** True, false, or null where the reply says neither or both. */
export function equivalenceAsDeepEyes(reply: string): boolean | null {
  const text = afterLast(strip(reply), "## Equivalence Judgement").toLowerCase();
  const [yes, no] = [text.includes("true"), text.includes("false")];
  return yes === no ? null : yes;
}

/** All that is asked for by the prompts that end in TRUE or FALSE. */
export const wholeEquivalence = /^(?:## Equivalence Judgement)?\W*(?:TRUE|FALSE)\W*$/i;

export const judgesReasoning: OriginalJudge = {
  answerIn: reasoningAnswer,
  wrongUnasked: (answer) => (answer === "" ? "no answer" : length(answer) >= 1000 ? "too long" : null),
  rulesFirst: false,
  request: reasoningRequest,
  verdict: equivalenceAsDeepEyes,
  wholeReply: wholeEquivalence,
  tries: 8,
  longIsWrong: false,
};

export const deepeyesCommon = defineJudge({
  name: "deepeyes-common",
  label: "DeepEyes, reasoning",
  help: "as DeepEyes for general reasoning: TRUE or FALSE, temperature 0.5, asked up to eight times",
  source: "Visual-Agent/DeepEyes 6c5e796, verl/utils/reward_score/vl_agent.py, compute_common_reasoning",
  way: "original",
  reads: "whole",
  asks: () => judgesReasoning,
});
