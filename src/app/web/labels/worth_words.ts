import type { AnswerProbabilities, Counterfactual, ZoomWorth } from "../../../train/zoom_worth.ts";
import { shortened } from "./numbers.ts";

/** What stands in the place of what the tools gave. */
export const conditionLabels: Record<Counterfactual, string> = {
  tool: "the crop",
  blank: "grey instead",
  other: "another task’s crop",
  whole: "the whole picture again",
  none: "no call",
};

/** 94 %, < 1 %. */
export function percent(share: number): string {
  const rounded = Math.round(100 * share);
  if (rounded === 0 && share > 0) return "< 1 %";
  return rounded === 100 && share < 1 ? "> 99 %" : `${rounded} %`;
}

/** So much more or less is worth a word. */
const noticeable = 0.1;

/** What a crop was worth for the right answer, in a sentence. */
export function worthInWords({ called, gold }: ZoomWorth, answer: string): string {
  const right = `the right answer “${shortened(answer, 60)}”`;
  if (!called) return `This rollout got no crop. Probability of ${right}: ${percent(gold.tool)}.`;
  const without = Math.max(gold.blank, gold.none);
  const numbers = `${right} has ${percent(gold.tool)} with the crop, ${percent(gold.blank)} with grey in its place and ${percent(gold.none)} without the call`;
  if (gold.tool < without - noticeable) return `The crop did harm: ${numbers}.`;
  if (gold.tool > without + noticeable) return `The crop made the difference: ${numbers}${notASecondLook(gold)}.`;
  if (gold.tool >= 0.5) return `It would have been right anyway: ${numbers}.`;
  return `The crop made no difference, and the answer is unlikely either way: ${numbers}.`;
}

/** Whether it was what was cut out that helped, or looking again. */
function notASecondLook({ tool, whole }: AnswerProbabilities): string {
  if (whole === undefined) return "";
  return whole < tool - noticeable
    ? `; a second look at the whole picture gives only ${percent(whole)}`
    : `; a second look at the whole picture gives ${percent(whole)} too`;
}
