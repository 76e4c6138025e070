import { mathAnswers } from "../responses/deepeyes.ts";
import { equivalenceAsDeepEyes, wholeEquivalence } from "./deepeyes_common.ts";
import { mathRequest } from "./deepeyes_prompts.ts";
import { defineJudge, type OriginalJudge } from "./judge.ts";

export const judgesMath: OriginalJudge = {
  answerIn: (response) => mathAnswers(response).at(-1) ?? "",
  wrongUnasked: (answer) => (answer === "" ? "no box" : null),
  rulesFirst: true,
  request: mathRequest,
  verdict: equivalenceAsDeepEyes,
  wholeReply: wholeEquivalence,
  tries: 1,
  longIsWrong: false,
};

export const deepeyesMath = defineJudge({
  name: "deepeyes-math",
  label: "DeepEyes, mathematics",
  help: "as DeepEyes for thinklite: rules, then TRUE or FALSE, temperature 0",
  source: "Visual-Agent/DeepEyes 6c5e796, verl/utils/reward_score/vl_agent.py, compute_score_math",
  way: "original",
  reads: "whole",
  asks: () => judgesMath,
});
