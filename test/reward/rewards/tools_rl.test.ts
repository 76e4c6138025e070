import { describe, expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import type { Box } from "../../../src/image/pixels.ts";
import { modifiedF1, toolsRl } from "../../../src/reward/rewards/tools_rl.ts";
import { zoomedBoxes } from "../../../src/reward/rewards/zoomed_boxes.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { rollout, zoomCall } from "../../support/rollouts.ts";
import { rewardsOf, weights } from "../../support/scored.ts";

/** Of `needleTask`: 56 px a side. */
const gold: Box = [200, 200, 256, 256];
const zoomTo = (...boxSourcePx: Box) => zoomCall({ boxSourcePx });
const right = { right: true, rule: "exact" };

async function paid(changes: Partial<Rollout>, toolStageSteps: number) {
  const [reward] = await rewardsOf([rollout(changes)], {
    reward: "tools-rl",
    verdicts: [right],
    weights: { ...weights, toolStageSteps },
  });
  return reward;
}

describe("ModF1", () => {
  test.each<[string, Box, Box, number]>([
    ["the target itself", gold, gold, 1],
    ["nothing of it", [0, 0, 50, 50], gold, 0],
    ["an edge in common", [0, 200, 200, 256], gold, 0],
    // TP 100, FP 300, FN 0: 200 / (200 + 30)
    ["four times as much", [0, 0, 20, 20], [5, 5, 15, 15], 200 / 230],
    // TP 50, FP 0, FN 50: 100 / (100 + 50)
    ["half of it", [5, 5, 15, 10], [5, 5, 15, 15], 100 / 150],
    // TP 25, FP 75, FN 75: 50 / (50 + 7.5 + 75)
    ["a corner of each", [10, 10, 20, 20], [5, 5, 15, 15], 50 / 132.5],
    // TP 3136, FP 259008, FN 0: the whole picture is worth little
    ["the whole picture", [0, 0, 512, 512], gold, 6272 / (6272 + 25900.8)],
  ])("%s", (_, crop, target, expected) => expect(modifiedF1(crop, target)).toBeCloseTo(expected, 12));
});

describe("tools-rl", () => {
  test("pays half for the best zoom and half for the last in stage 1, and no answer", async () => {
    const half: Box = [200, 200, 256, 228];
    expect((await paid({ step: 1, calls: [zoomTo(...gold)] }, 2))?.parts).toEqual({ tool: 1, answer: 0, format: 0 });
    const both = await paid({ step: 2, calls: [zoomTo(...gold), zoomTo(...half)] }, 2);
    expect(both?.parts.tool).toBeCloseTo(0.5 * (1 + 2 / 3), 12);
    // A call that failed is no zoom; without an answer no zoom is what the answer rests on.
    const failed = zoomCall({ outcome: "bad_box", boxSourcePx: undefined });
    expect((await paid({ step: 1, calls: [zoomTo(...gold), failed] }, 2))?.parts.tool).toBe(1);
    const broken = await paid({ step: 1, calls: [zoomTo(...gold)], end: "malformed", answer: null }, 2);
    expect(broken?.parts).toEqual({ tool: 0.5, answer: 0, format: -0.2 });
    expect((await paid({ step: 1 }, 2))?.total).toBe(0);
  });

  test("pays the answer and no zoom from the first step behind stage 1 on, and in evaluations", async () => {
    const zoomed = { calls: [zoomTo(...gold)] };
    for (const [step, stage] of [
      [3, 2],
      [1, 0],
      [2 ** 31 + 1, 1_000_000],
    ] as const)
      expect((await paid({ step, ...zoomed }, stage))?.parts).toEqual({ tool: 0, answer: 1, format: 0 });
  });

  test("a task without a marked target has no part in stage 1, but in stage 2", async () => {
    const { score } = toolsRl;
    const task = { id: "1", source: "own", question: "", answer: "9", imageSizesPx: [] };
    const of = (step: number) =>
      score({
        rollout: { ...rollout(), raw: rollout({ step }), end: "answer", turns: [], text: "", textWithSpecial: "" },
        task,
        group: [],
        weights: { ...weights, toolStageSteps: 1 },
        verdict: async () => right,
        consistent: async () => null,
      });
    expect(await of(1)).toBeNull();
    expect(await of(2)).toEqual({ tool: 0, answer: 1, format: 0 });
  });

  test("says of each step what is paid", () => {
    const config = resolveConfig({ reward: "tools-rl", toolStageSteps: 3 });
    expect(toolsRl.stage?.(3, config)).toMatch(/^stage 1 until step 3/);
    expect(toolsRl.stage?.(4, config)).toMatch(/^stage 2 since step 4/);
  });
});

test("a zoom into a crop is followed back to the first picture", () => {
  const segments: Rollout["segments"] = [0, 1, 2, 3, 4, 5, 6].map((i) => ({
    source: i === 0 ? "prompt" : i % 2 === 1 ? "model" : "tool",
    tokens: [],
    logprobs: [],
    entropies: [],
    images: i % 2 === 0 ? [i / 2] : [],
  }));
  const at = (segment: number, imageIndex: number, ...boxSourcePx: Box) =>
    zoomCall({ segment, imageIndex, boxSourcePx });
  const boxes = (calls: Rollout["calls"]) => zoomedBoxes({ calls, raw: rollout({ segments, calls }) });
  expect(boxes([at(1, 0, 100, 100, 300, 300), at(3, 1, 50, 60, 90, 100), at(5, 2, 1, 2, 11, 12)])).toEqual([
    [100, 100, 300, 300],
    [150, 160, 190, 200],
    [151, 162, 161, 172],
  ]);
  // A failed call between gave no picture; a turned picture, and one of verl's crops, have no place in the first.
  const failed = zoomCall({ segment: 1, outcome: "bad_box", boxSourcePx: undefined });
  const turned = zoomCall({ segment: 1, name: "image_rotate_tool", boxSourcePx: undefined, rotateDegrees: 90 });
  const shown = zoomCall({ segment: 1, boxSourcePx: [100, 100, 300, 300], boxShownPx: [10, 10, 30, 30] });
  expect(boxes([failed])).toEqual([]);
  expect(boxes([turned, at(3, 1, 50, 60, 90, 100)])).toEqual([null]);
  expect(boxes([shown, at(3, 1, 50, 60, 90, 100)])).toEqual([[100, 100, 300, 300], null]);
});
