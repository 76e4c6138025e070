import { count, length } from "../../policy/python_text.ts";
import {
  afterThoughts,
  answerAsDeepEyes,
  type DataKind,
  dataKindAsDeepEyes,
  mathAnswers,
  reasoningAnswer,
  thoughtsClosed,
} from "../responses/deepeyes.ts";
import { answerPart, formatPart, zoomPart } from "./declared_parts.ts";
import { type DeepEyesParts, deepEyesParts, originalWeights } from "./deepeyes_formula.ts";
import { defineReward } from "./reward_function.ts";

/** Mathematics is paid by other weights, without a tool. */
const mathWeights: Readonly<DeepEyesParts> = { answer: 1.2, format: 0.4, zoom: 0 };

/**
 * What DeepEyes pays for a response, once it is known whether its answer is right: for pictures and general reasoning
 * 0.8 answer + 0.2 format + 1.2 for a right answer after a zoom that worked; for mathematics 1.2 answer + 0.4 format.
 * @param response decoded with special tokens
 */
export function partsAsDeepEyes(kind: DataKind, response: string, judgedRight: boolean): DeepEyesParts {
  if (kind === "math") {
    const boxes = mathAnswers(response);
    const wellFormed = thoughtsClosed(response) && boxes.length === 1;
    return deepEyesParts({ right: judgedRight && boxes.length > 0, wellFormed, earned: false }, mathWeights);
  }
  const openings = count(response, "<|vision_start|><|image_pad|>");
  const behind = afterThoughts(response);
  const tagsMatch =
    thoughtsClosed(response) &&
    openings === count(response, "<|image_pad|><|vision_end|>") &&
    count(behind, "<answer>") === count(behind, "</answer>");
  const answer = kind === "reasoning" ? reasoningAnswer(response) : answerAsDeepEyes(response);
  const refused = length(answer) >= 1000 || (kind === "reasoning" && answer === "");
  const right = judgedRight && !refused;
  return deepEyesParts({ right, wellFormed: tagsMatch && !refused, earned: openings > 0 && right }, originalWeights);
}

/** DeepEyes to the letter: by the text, the kind of data choosing among its three formulas. */
export const deepeyes = defineReward({
  name: "deepeyes",
  label: "DeepEyes",
  help: "answer, format, and a bonus for a right answer after a zoom that worked",
  source: "Visual-Agent/DeepEyes 6c5e796, verl/utils/reward_score/vl_agent.py, compute_score",
  parts: [answerPart, formatPart, zoomPart],
  constants: [
    { label: answerPart.label, value: originalWeights.answer },
    { label: formatPart.label, value: originalWeights.format },
    { label: zoomPart.label, value: originalWeights.zoom },
    { label: "right answer, mathematics", value: mathWeights.answer },
    { label: "format, mathematics", value: mathWeights.format },
  ],
  most: originalWeights.answer + originalWeights.zoom,
  needs: ["response"],
  score: async ({ rollout, task, verdict }) => {
    const { right } = await verdict();
    return partsAsDeepEyes(dataKindAsDeepEyes(task.dataSource ?? ""), rollout.textWithSpecial, right);
  },
  // The original takes a verdict back where the text is broken.
  right: ({ answer = 0 }) => answer > 0,
});
