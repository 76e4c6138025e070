import { intersectionOverUnion } from "../../agent/box_overlap.ts";
import { wholeText } from "../../agent/response_text.ts";
import type { End, ResponseText, Reward, Rollout } from "../../agent/rollout.ts";
import type { Box } from "../../image/pixels.ts";
import type { Task } from "../../tasks/task.ts";
import type { Verdict } from "../rules/rules.ts";
import { partsAsDeepEyes, rewardKindAsDeepEyes } from "./deepeyes.ts";
import { partsAsVerl } from "./verl.ts";
import { originalWeights, type RewardParts, weightedParts } from "./weighted_parts.ts";

/** Why a judge or a reward that reads the whole response cannot have it. */
export const noResponse =
  "Expected the text of each response, which the judges and rewards of verl and DeepEyes read, found a log of an earlier version without them; have the tokenizer of the run's model at hand (--tokenizer DIR), or choose the judge rules or hardened and another reward";

/** What the rewards below look at in a rollout. */
export interface RolloutFacts {
  right: boolean;
  end: End;
  /** Characters of the answer. */
  answerLength: number;
  /** Calls that the model wrote, whatever came of them. */
  calls: number;
  /** Crops that the tool gave, in source pixels of the task's first picture where they were cut from it. */
  zooms: number;
  boxesSourcePx: Box[];
  lastCallOk: boolean;
  /** Whether the answer follows from what was thought; null where nobody said. */
  consistent: boolean | null;
  /** The text that the originals look at, null in logs of early runs. */
  response: ResponseText | null;
  /** The row's data_source, by which DeepEyes chooses. */
  dataSource: string;
}

/** And in its group. */
export interface GroupFacts {
  /** Share of the rollouts with a call, 0 to 1. */
  toolShare: number;
  goldBoxesSourcePx: Box[];
}

export interface MenuEntry {
  line: string;
  source: string;
  /** Every number in the formula, by name. */
  weights: Readonly<Record<string, number>>;
  /** The named parts, whose sum is the reward. Null: the rollout leaves its group's statistics. */
  parts(rollout: RolloutFacts, weights: Readonly<Record<string, number>>, group: GroupFacts): RewardPartsByName | null;
  /** Whether a right answer is one that is paid for: the originals take a verdict back where the text is broken. */
  rightIsPaid?: boolean;
}

type RewardPartsByName = Readonly<Record<string, number>> | Readonly<RewardParts>;

const three = (w: Readonly<Record<string, number>>): RewardParts => ({
  answer: w.answer,
  format: w.format,
  zoom: w.zoom ?? 0,
});
const weighted = (one: RolloutFacts, w: Readonly<Record<string, number>>, earned: boolean): Record<string, number> => ({
  ...weightedParts({ right: one.right, wellFormed: wellFormed(one), earned }, three(w)),
});
function answerAndFormat(one: RolloutFacts, w: Readonly<Record<string, number>>): Record<string, number> {
  const { answer, format } = weighted(one, w, false);
  return { answer, format };
}

/** @throws Error where the log does not have it */
function textOf({ response }: RolloutFacts): ResponseText {
  if (response === null) throw new Error(noResponse);
  return response;
}

const wellFormed = ({ end }: RolloutFacts): boolean => end === "answer";
const charged = (weight: number, isCharged: boolean): number => (isCharged ? 0 - weight : 0);
const paid = (weight: number, isPaid: boolean): number => (isPaid ? weight : 0);

/**
 * Rewards of DeepEyes and of those who followed, each as its authors' code or paper has it (none of their prompts:
 * who judges the answer is another choice). "Well-formed" is our agent's word for it: a rollout that ended with an answer.
 */
export const rewardMenu = {
  deepeyes: {
    line: "answer, format, and a bonus for a right answer after a zoom that worked",
    source: "Visual-Agent/DeepEyes 6c5e796, verl/utils/reward_score/vl_agent.py, compute_score",
    weights: originalWeights,
    // To the letter: by the text, and mathematics by other weights.
    parts: (one, w) =>
      partsAsDeepEyes(rewardKindAsDeepEyes(one.dataSource), wholeText(textOf(one)), one.right, three(w)),
    rightIsPaid: true,
  },
  verl: {
    line: "the same, but any call earns the bonus, also one that failed",
    source: "volcengine/verl b37184774, recipe/deepeyes/deepeyes.py, compute_score",
    weights: originalWeights,
    parts: (one, w) => partsAsVerl(textOf(one).plain, one.right, three(w)),
    rightIsPaid: true,
  },
  "deepeyes-math": {
    line: "answer and format for mathematics, no tool",
    source: "Visual-Agent/DeepEyes 6c5e796, verl/utils/reward_score/vl_agent.py, compute_score_math",
    weights: { answer: 1.2, format: 0.4 },
    parts: answerAndFormat,
  },
  "deepeyes-any-zoom": {
    line: "the ablation with an unconditional bonus: every zoom is paid",
    source: "Visual-Agent/DeepEyes 6c5e796, verl/utils/reward_score/vl_agent.py, a line commented out",
    weights: { answer: 0.8, format: 0.2, zoom: 0.4 },
    parts: (one, w) => weighted(one, w, one.zooms > 0),
  },
  "deepeyes-v2": {
    line: "answer and format; the tool is not paid",
    source: "Visual-Agent/DeepEyesV2 0373e6e; its factor for web searches does not apply, since nothing is searched",
    weights: { answer: 0.8, format: 0.2 },
    parts: answerAndFormat,
  },
  "pixel-reasoner": {
    line: "answer, curiosity while few of the group use the tool, and a charge for every call after the first",
    source: "TIGER-AI-Lab/Pixel-Reasoner a3a6c3a, curiosity_driven_rl/openrlhf/trainer/ppo_utils/experience_maker.py",
    // divisor: 2 for pictures, 1.5 for video.
    weights: { answer: 1, curiosity: 0.25, share: 0.3, divisor: 2, call: 0.05 },
    parts: (one, w, { toolShare }) => ({
      answer: paid(w.answer, one.right && (one.calls === 0 || one.lastCallOk)),
      curiosity: one.calls > 0 ? (w.curiosity * Math.max(w.share - toolShare, 0)) / (w.divisor * toolShare) : 0,
      calls: charged(w.call * (one.calls - 1), one.calls > 1),
    }),
  },
  "mini-o3": {
    line: "answer only; a rollout that ran out of turns or tokens is left out rather than wrong",
    source: "Mini-o3/Mini-o3 8654dbf (over-turn masking; groups without variance are resampled by the trainer)",
    weights: { answer: 1 },
    parts: (one, w) => (one.end === "turns" || one.end === "length" ? null : { answer: paid(w.answer, one.right) }),
  },
  thyme: {
    line: "answer, half as much again where it follows from the thought, and format",
    source: "yfzhang114/Thyme b9285b7: result (1 + 0.5 consistency) + 0.5 format",
    weights: { answer: 1, consistency: 0.5, format: 0.5 },
    // A consistency that could not be had matters for right answers alone.
    parts: (one, w) =>
      one.right && one.consistent === null
        ? null
        : {
            answer: paid(w.answer, one.right),
            consistency: paid(w.answer * w.consistency, one.right && one.consistent === true),
            format: paid(w.format, wellFormed(one)),
          },
  },
  "tree-vgr": {
    line: "answer, format, and how well boxes and targets cover each other",
    source: "Haochen-Wang409/TreeVGR 4823ad8 and its paper: dual IoU, the mean of recall and precision",
    weights: { answer: 1, format: 1, iou: 1 },
    parts: (one, w, { goldBoxesSourcePx }) => ({
      answer: paid(w.answer, one.right),
      format: paid(w.format, wellFormed(one)),
      iou: w.iou * dualIou(one.boxesSourcePx, goldBoxesSourcePx),
    }),
  },
  "chain-of-focus": {
    line: "0.9 for the answer, 0.1 for good format and an answer that is not too long",
    source: "xtong-zhang/Chain-of-Focus 431ff0d, verl/recipe/zoomin/zoomin_reward3.py",
    weights: { answer: 0.9, format: 0.1, length: 1000 },
    parts: (one, w) => ({
      answer: paid(w.answer, one.right),
      format: paid(w.format, wellFormed(one) && one.answerLength < w.length),
    }),
  },
  "vtool-r1": {
    line: "the judged outcome and nothing else",
    source: "VTool-R1/VTool-R1 5318fb2",
    weights: { answer: 1 },
    parts: (one, w) => ({ answer: paid(w.answer, one.right) }),
  },
} as const satisfies Record<string, MenuEntry>;

export type MenuName = keyof typeof rewardMenu;

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

/**
 * The rewards of a whole group by an entry of the menu; `verdicts[i]` and `consistent[i]` belong to `rollouts[i]`.
 * Null as in `score()`, and where the entry leaves a rollout out.
 */
export function scoreByMenu(
  name: MenuName,
  rollouts: readonly Rollout[],
  task: Task,
  verdicts: readonly (Verdict | null)[],
  changes: Readonly<Record<string, number>> = {},
  consistent: readonly (boolean | null)[] = [],
): (Reward | null)[] {
  const entry: MenuEntry = rewardMenu[name];
  const unknown = Object.keys(changes).find((key) => !(key in entry.weights));
  if (unknown !== undefined)
    throw new Error(`The reward ${name} has no weight "${unknown}"; it has ${Object.keys(entry.weights).join(", ")}`);
  const weights = { ...entry.weights, ...changes };
  const alive = rollouts.filter((rollout) => rollout.end !== "error");
  const group: GroupFacts = {
    toolShare: alive.filter((rollout) => rollout.calls.length > 0).length / Math.max(1, alive.length),
    goldBoxesSourcePx: task.goldBoxSourcePx ? [task.goldBoxSourcePx] : [],
  };
  return rollouts.map((rollout, i) => {
    const verdict = verdicts[i];
    if (rollout.end === "error" || !verdict) return null;
    const found = entry.parts(factsOf(rollout, task, verdict.right, consistent[i] ?? null), weights, group);
    if (found === null) return null;
    const parts: Record<string, number> = { ...found };
    const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
    const right = entry.rightIsPaid ? parts.answer > 0 : verdict.right;
    return { parts, total, right, verdict: verdict.rule };
  });
}

function factsOf(rollout: Rollout, task: Task, right: boolean, consistent: boolean | null): RolloutFacts {
  const zooms = rollout.calls.filter((call) => call.outcome === "ok");
  return {
    right,
    end: rollout.end,
    answerLength: rollout.answer?.length ?? 0,
    calls: rollout.calls.length,
    zooms: zooms.length,
    // A gold box lies in the first picture; a crop of a crop has other pixels.
    boxesSourcePx: zooms.flatMap((call) => (call.imageIndex === 0 && call.boxSourcePx ? [call.boxSourcePx] : [])),
    lastCallOk: rollout.calls.at(-1)?.outcome === "ok",
    consistent,
    response: rollout.response ?? null,
    dataSource: task.dataSource ?? "",
  };
}
