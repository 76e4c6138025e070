import { type MenuEntry, type MenuName, rewardMenu } from "../../reward/rewards/menu.ts";
import type { RunConfig } from "../../train/knobs.ts";

/** Names of rewards for people. */
export const rewardWords: Record<RunConfig["reward"], string> = {
  weights: "own weights",
  deepeyes: "DeepEyes",
  verl: "verl’s recipe",
  "deepeyes-any-zoom": "DeepEyes, any zoom",
  "deepeyes-v2": "DeepEyes v2",
  "pixel-reasoner": "Pixel-Reasoner",
  "mini-o3": "Mini-o3",
  thyme: "Thyme",
  "tree-vgr": "TreeVGR",
  "chain-of-focus": "Chain-of-Focus",
  "vtool-r1": "VTool-R1",
};

/** The entry of the menu behind a reward, null for the four weights; logs of early runs name none. */
export const menuEntry = (reward: RunConfig["reward"] | undefined): MenuEntry | null =>
  rewardMenu[reward as MenuName] ?? null;

/** What stands behind the name of a part or a weight. */
export const partWords: Readonly<Record<string, string>> = {
  answer: "right answer",
  format: "format",
  zoom: "zoomed",
  curiosity: "curiosity",
  calls: "further calls",
  call: "each further call, minus",
  share: "tool use wanted in a group",
  divisor: "divided by",
  consistency: "answer follows from the thought",
  iou: "overlap of boxes and targets",
  length: "longest answer, characters",
};

/** The most that a reward pays for one rollout: a right, well-formed answer after one zoom onto the target. */
export function mostPaid(config: RunConfig): number {
  const entry = menuEntry(config.reward);
  if (!entry) return Math.max(0, config.answerWeight) + (config.bonus === "none" ? 0 : Math.max(0, config.bonusWeight));
  const parts = entry.parts(
    {
      right: true,
      end: "answer",
      answerLength: 1,
      calls: 1,
      zooms: 1,
      boxesSourcePx: [[0, 0, 1, 1]],
      lastCallOk: true,
      consistent: true,
      response: {
        plain: "<tool_call>{}</tool_call><tool_response></tool_response><answer>1</answer>",
        whole: "<|vision_start|><|image_pad|><|vision_end|><answer>1</answer>",
      },
      dataSource: "",
    },
    entry.weights,
    { toolShare: 1, goldBoxesSourcePx: [[0, 0, 1, 1]] },
  );
  return Object.values(parts ?? {}).reduce((sum, part) => sum + part, 0);
}
