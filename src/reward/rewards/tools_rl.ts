import type { Box } from "../../image/pixels.ts";
import { answerPart, formatPart } from "./declared_parts.ts";
import { defineReward, type RewardWeights } from "./reward_function.ts";
import { wellFormed } from "./rollout_facts.ts";
import { zoomedBoxes } from "./zoomed_boxes.ts";

/** What pixels beside the target, and pixels of the target that are not shown, count in the modified F1. */
const weights = { answer: 1, falsePositive: 0.1, falseNegative: 1 };

const inToolStage = (step: number, { toolStageSteps }: RewardWeights): boolean =>
  toolStageSteps > 0 && step <= toolStageSteps;

/**
 * ToolsRL's curriculum: first the tool alone is paid, then the answer alone; both at once was worse than either (table 2).
 *
 * The paper's: the modified F1 and its weights; stage 1 = 1/2 (best zoom of the rollout + the zoom that the answer rests on);
 * stage 2 = answer; format beside both; tasks without a marked target have no part in stage 1. Ours: the zoom that the answer
 * rests on is the last one, since answers do not name pictures here, and counts only where there is an answer; no zoom is
 * worth 0; format is charged where it is broken, by the run's formatWeight, which has the same advantages as paying for a
 * good one; both stages are in one run, by its step.
 */
export const toolsRl = defineReward({
  name: "tools-rl",
  label: "ToolsRL",
  help: "for the first steps (toolStageSteps) how well zooms cover the marked target, then the answer; format throughout",
  source:
    "arXiv 2604.19945: stage 1 pays 1/2 (best + last zoom) by ModF1 = 2 TP / (2 TP + 0.1 FP + FN) over pixels of the crop and the target, stage 2 the answer alone, 200 steps each; the last zoom stands for the picture that its answers name, and format is charged by formatWeight",
  parts: [
    { name: "tool", label: "zoom onto the target", help: "what was paid for zooms that cover the target (stage 1)" },
    answerPart,
    formatPart,
  ],
  constants: [
    { label: "best zoom, and last zoom (stage 1), each", value: 0.5 },
    { label: "pixels beside the target", value: weights.falsePositive },
    { label: "pixels of the target not shown", value: weights.falseNegative },
    { label: "right answer (stage 2)", value: weights.answer },
  ],
  most: weights.answer,
  stage: (step, knobs) =>
    inToolStage(step, knobs)
      ? `stage 1 until step ${knobs.toolStageSteps}: zooms onto the target, no answers`
      : `stage 2 since step ${knobs.toolStageSteps + 1}: answers, no zooms`,
  unpaid:
    "tools-rl first pays for zooms onto a marked target only: give the rows boxes, or set toolStageSteps to 0 to begin with the answer",
  score: async ({ rollout, task: { goldBoxSourcePx: gold }, weights: knobs, verdict }) => {
    // Asked in both stages: accuracy is measured throughout, though only the second pays for it.
    const { right } = await verdict();
    const format = wellFormed(rollout) ? 0 : 0 - knobs.formatWeight;
    if (!inToolStage(rollout.raw.step, knobs)) return { tool: 0, answer: right ? weights.answer : 0, format };
    if (!gold) return null;
    const covered = zoomedBoxes(rollout).map((box) => (box ? modifiedF1(box, gold) : 0));
    const last = rollout.answer === null ? 0 : (covered.at(-1) ?? 0);
    return { tool: 0.5 * (Math.max(0, ...covered) + last), answer: 0, format };
  },
});

/**
 * ToolsRL's F1 of a crop and its target over pixels, in which what is shown beside the target counts a tenth of what is missed:
 * a large crop is better than one that cuts off the target. 0 to 1.
 */
export function modifiedF1(crop: Box, target: Box): number {
  const area = ([left, top, right, bottom]: Box) => Math.max(0, right - left) * Math.max(0, bottom - top);
  const shared = area([
    Math.max(crop[0], target[0]),
    Math.max(crop[1], target[1]),
    Math.min(crop[2], target[2]),
    Math.min(crop[3], target[3]),
  ]);
  const missed = weights.falsePositive * (area(crop) - shared) + weights.falseNegative * (area(target) - shared);
  return shared === 0 ? 0 : (2 * shared) / (2 * shared + missed);
}
