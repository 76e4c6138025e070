import { afterLast, strip } from "../../policy/python_text.ts";
import { answerAsDeepEyes, dataKindAsDeepEyes } from "../responses/deepeyes.ts";
import { judgesReasoning } from "./deepeyes_common.ts";
import { judgesMath } from "./deepeyes_math.ts";
import { judgeRequestAsDeepEyes } from "./deepeyes_prompts.ts";
import { defineJudge, type OriginalJudge } from "./judge.ts";

/** 1 or 0, from the reply to the prompt about pictures: "10" is right, "1." without a label is wrong. */
export function verdictAsDeepEyes(reply: string): number {
  const text = strip(reply);
  if (text.includes("Judgement:")) return afterLast(text, "Judgement:").includes("1") ? 1 : 0;
  return text === "1" ? 1 : 0;
}

const judgesPictures: OriginalJudge = {
  answerIn: answerAsDeepEyes,
  wrongUnasked: () => null,
  rulesFirst: false,
  request: judgeRequestAsDeepEyes,
  verdict: (reply) => verdictAsDeepEyes(reply) === 1,
  wholeReply: /^(?:Judgement:\s*)?[01]$/,
  tries: 1,
  longIsWrong: true,
};

/** Three judges, of which the kind of the row's data chooses one. */
export const deepeyes = defineJudge({
  name: "deepeyes",
  label: "DeepEyes",
  help: "as DeepEyes for vstar and chart: seven examples, 1 or 0, temperature 0.3",
  source: "Visual-Agent/DeepEyes 6c5e796, verl/utils/reward_score/vl_agent.py, compute_score",
  way: "original",
  reads: "whole",
  asks: (dataSource) =>
    ({ vision: judgesPictures, reasoning: judgesReasoning, math: judgesMath })[dataKindAsDeepEyes(dataSource)],
});
