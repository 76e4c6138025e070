import { length } from "../../policy/python_text.ts";
import { answerAsVerl } from "../responses/verl.ts";
import { answerPart, formatPart, zoomPart } from "./declared_parts.ts";
import { type DeepEyesParts, deepEyesParts, originalWeights } from "./deepeyes_formula.ts";
import { defineReward } from "./reward_function.ts";

/**
 * What verl's recipe pays for a response, once it is known whether its answer is right: 0.8 answer + 0.2 format + 1.2
 * tool. The bonus is paid for any response in which a call or a tool's reply is written, if the answer is right.
 * @param response decoded without special tokens
 */
export function partsAsVerl(response: string, judgedRight: boolean): DeepEyesParts {
  const found = answerAsVerl(response);
  // Long answers influence judges.
  const long = length(found.answer) >= 1000;
  const right = judgedRight && !long;
  const usedTool = /<tool_call>.*?<\/tool_call>|<tool_response>.*?<\/tool_response>/s.test(response);
  return deepEyesParts({ right, wellFormed: !found.formatError && !long, earned: usedTool && right }, originalWeights);
}

/** verl's recipe to the letter, by the text. */
export const verl = defineReward({
  name: "verl",
  label: "verl’s recipe",
  help: "the same, but any call earns the bonus, also one that failed",
  source: "volcengine/verl b37184774, recipe/deepeyes/deepeyes.py, compute_score",
  parts: [answerPart, formatPart, zoomPart],
  constants: [
    { label: answerPart.label, value: originalWeights.answer },
    { label: formatPart.label, value: originalWeights.format },
    { label: zoomPart.label, value: originalWeights.zoom },
  ],
  most: originalWeights.answer + originalWeights.zoom,
  needs: ["response"],
  score: async ({ rollout, verdict }) => partsAsVerl(rollout.text, (await verdict()).right),
  // The original takes a verdict back where the text is broken.
  right: ({ answer = 0 }) => answer > 0,
});
