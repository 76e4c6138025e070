import { intersectionOverUnion } from "../../agent/box_overlap.ts";
import type { Box } from "../../image/pixels.ts";
import { answerPart, formatPart } from "./declared_parts.ts";
import { defineReward } from "./reward_function.ts";
import { wellFormed } from "./rollout_facts.ts";

const weights = { answer: 1, format: 1, iou: 1 };

/** TreeVGR: boxes are paid by their overlap with the marked target. */
export const treeVgr = defineReward({
  name: "tree-vgr",
  label: "TreeVGR",
  help: "answer, format, and how well boxes and targets cover each other",
  source: "Haochen-Wang409/TreeVGR 4823ad8 and its paper: dual IoU, the mean of recall and precision",
  parts: [
    answerPart,
    formatPart,
    { name: "iou", label: "overlap of boxes and targets", help: "what was paid for the overlap of boxes and targets" },
  ],
  constants: [
    { label: answerPart.label, value: weights.answer },
    { label: formatPart.label, value: weights.format },
    { label: "overlap of boxes and targets", value: weights.iou },
  ],
  most: weights.answer + weights.format + weights.iou,
  score: async ({ rollout, task, verdict }) => {
    const { right } = await verdict();
    // A gold box lies in the first picture; a crop of a crop has other pixels.
    const boxes = rollout.calls.flatMap(({ outcome, imageIndex, boxSourcePx }) =>
      outcome === "ok" && imageIndex === 0 && boxSourcePx ? [boxSourcePx] : [],
    );
    return {
      answer: right ? weights.answer : 0,
      format: wellFormed(rollout) ? weights.format : 0,
      iou: weights.iou * dualIou(boxes, task.goldBoxSourcePx ? [task.goldBoxSourcePx] : []),
    };
  },
});

/**
 * Recall and precision of boxes, by overlap: how well each target is covered by its best box, and each box by its
 * best target; 0 without boxes or without targets.
 */
export function dualIou(boxes: readonly Box[], targets: readonly Box[]): number {
  if (boxes.length === 0 || targets.length === 0) return 0;
  const covered = (these: readonly Box[], those: readonly Box[]) =>
    these.reduce((sum, box) => sum + Math.max(...those.map((other) => intersectionOverUnion(box, other))), 0) /
    these.length;
  return (covered(targets, boxes) + covered(boxes, targets)) / 2;
}
