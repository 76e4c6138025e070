import { describe, expect, test } from "vitest";
import type { Rollout, Segment } from "../../src/agent/rollout.ts";
import { defineTool } from "../../src/agent/tools/tool.ts";
import { type MetricName, metricTable, stepMetrics } from "../../src/train/metrics.ts";
import { needleTask, rollout, zoomCall } from "../support/rollouts.ts";
import { rewardsOf } from "../support/scored.ts";

const scored = async (changes: Parameters<typeof rollout>[0]) => {
  const one = rollout(changes);
  const [reward = null] = await rewardsOf([one]);
  return { ...one, reward };
};
const long = [
  ...rollout().segments,
  { source: "tool" as const, tokens: [5, 5], logprobs: [], entropies: [], images: [1] },
  { source: "model" as const, tokens: [478, 466], logprobs: [-1, -1], entropies: [0, 1], images: [] },
];

const zoomedRight = await scored({ calls: [zoomCall({ legible: true })], segments: long });
const zoomedWrong = await scored({
  calls: [zoomCall({ boxSourcePx: [230, 180, 380, 330], iou: 0.1, legible: false })],
  answer: "1",
});
const directRight = await scored({});
const malformed = await scored({
  end: "malformed",
  answer: null,
  calls: [zoomCall({ outcome: "bad_box", boxSourcePx: undefined, iou: undefined })],
});
const unjudged = rollout({ end: "error", answer: null });

describe("stepMetrics", () => {
  test("of a step with all kinds of rollouts", () => {
    const metrics = stepMetrics(
      [needleTask, needleTask],
      [
        [zoomedRight, zoomedWrong, directRight, malformed, unjudged],
        [directRight, directRight],
      ],
    );
    const expected: Record<MetricName | `reward/${string}`, number> = {
      accuracy: 4 / 6,
      zoom_rate: 2 / 7,
      accuracy_with_zoom: 1 / 2,
      accuracy_without_zoom: 3 / 4,
      reward: (2 + 0 + 0.8 - 0.2 + 0.8 + 0.8) / 6,
      // Of 2, 0, 0.8, -0.2 and of 0.8, 0.8: means 0.7, 0.65 and 0.8.
      reward_std: Math.sqrt(3.02 / 5),
      reward_group_std: Math.sqrt(2.99 / 3) / 2,
      reward_min: -0.2,
      reward_max: 2,
      "reward/answer": (4 * 0.8) / 6,
      "reward/format": -0.2 / 6,
      "reward/zoom": 1.2 / 6,
      format_rate: 5 / 7,
      iou: 0.2,
      target_in_crop: 1 / 2,
      legible_rate: 1 / 2,
      crop_side_px: 125,
      response_tokens: (6 * 4 + 6) / 7,
      entropy: 8 / 30,
      zero_variance_groups: 1 / 2,
      calls_requested: 3 / 7,
      calls_executed: 3 / 7,
      calls_ok: 2 / 7,
      "call_error/not_json": 0,
      "call_error/unknown_tool": 0,
      "call_error/bad_arguments": 0,
      "call_error/bad_box": 1 / 7,
      "call_error/image_index": 0,
      num_turns: (4 + 2 * 6) / 7,
      turns_formula_holds: 5 / 7,
      truncated: 0,
      unscored: 1 / 7,
      "end/answer": 5 / 7,
      "end/malformed": 1 / 7,
      "end/length": 0,
      "end/turns": 0,
      "end/error": 1 / 7,
    };
    expect(Object.keys(metrics).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [name, value] of Object.entries(expected))
      expect([name, metrics[name]]).toEqual([name, expect.closeTo(value, 12)]);
  });

  test("calls are counted, and turns tell their number only where each got its own answer", () => {
    const [prompt, turn] = rollout().segments as [Segment, Segment];
    const answer: Segment = { source: "tool", tokens: [5], logprobs: [], entropies: [], images: [] };
    const cases: { changes: Partial<Rollout>; written: number; executed: number; turns: number; holds: number }[] = [
      { changes: {}, written: 0, executed: 0, turns: 2, holds: 1 },
      {
        changes: {
          calls: [zoomCall(), zoomCall({ segment: 3 })],
          segments: [prompt, turn, answer, turn, answer, turn],
        },
        written: 2,
        executed: 2,
        turns: 6,
        holds: 1,
      },
      // The last turn calls once more: written, not handed over.
      {
        changes: { calls: [zoomCall()], end: "turns", answer: null, segments: [prompt, turn, answer, turn] },
        written: 2,
        executed: 1,
        turns: 4,
        holds: 0,
      },
      // The crop did not fit.
      { changes: { calls: [zoomCall()], end: "length", answer: null }, written: 1, executed: 1, turns: 2, holds: 0 },
      // Two calls in one turn, one answer.
      {
        changes: { calls: [zoomCall(), zoomCall()], segments: [prompt, turn, answer, turn] },
        written: 2,
        executed: 2,
        turns: 4,
        holds: 0,
      },
    ];
    for (const { changes, written, executed, turns, holds } of cases)
      expect(stepMetrics([needleTask], [[rollout(changes)]])).toMatchObject({
        calls_requested: written,
        calls_executed: executed,
        num_turns: turns,
        turns_formula_holds: holds,
        truncated: Number(changes.end === "length" || changes.end === "turns"),
        unscored: 1,
      });
  });

  test("counts the outcomes of tools that are offered, and of those that were called", async () => {
    const late = defineTool({
      name: "own_tool",
      label: "Own",
      help: "too late",
      schema: { description: "", parameters: { type: "object", properties: {} } },
      outcomes: { too_late: { label: "late", line: "calls that came too late" } },
      call: () => ({ text: "late" }),
    });
    const direct = [[await scored({ calls: [] })]];
    expect(stepMetrics([needleTask], direct, [late])).toMatchObject({ "call_error/too_late": 0 });
    expect(stepMetrics([needleTask], direct)).not.toHaveProperty("call_error/too_late");
    const called = [[await scored({ calls: [zoomCall({ outcome: "too_late" })] })]];
    expect(stepMetrics([needleTask], called)).toMatchObject({ "call_error/too_late": 1, "call_error/bad_box": 0 });
  });

  test.each(["not_json", "unknown_tool", "bad_arguments", "bad_box", "image_index"] as const)(
    "a call that fails as %s is counted as that",
    (outcome) => {
      const metrics = stepMetrics([needleTask], [[rollout({ calls: [zoomCall({ outcome })] }), rollout()]]);
      const errors = Object.entries(metrics).filter(([name, value]) => name.startsWith("call_error/") && value > 0);
      expect(errors).toEqual([[`call_error/${outcome}`, 0.5]]);
      expect(metrics).toMatchObject({ calls_executed: 0.5, calls_ok: 0 });
    },
  );

  test("leaves a mean over nothing out", () => {
    const metrics = stepMetrics([needleTask], [[directRight]]);
    expect(metrics).toMatchObject({ accuracy: 1, accuracy_without_zoom: 1, zoom_rate: 0 });
    for (const name of [
      ...["accuracy_with_zoom", "iou", "target_in_crop", "legible_rate", "crop_side_px", "zero_variance_groups"],
      ...["reward_std", "reward_group_std"],
    ])
      expect(metrics).not.toHaveProperty([name]);
    expect(stepMetrics([], [])).toEqual({});
  });

  test("crops of unmarked pictures and of crops have a side but no overlap", async () => {
    const nested = await scored({ calls: [zoomCall({ imageIndex: 1, iou: undefined })] });
    const { goldBoxSourcePx: _, ...unmarked } = needleTask;
    const metrics = stepMetrics(
      [needleTask, unmarked],
      [[nested], [await scored({ calls: [zoomCall({ iou: undefined })] })]],
    );
    expect(metrics).toMatchObject({ crop_side_px: 100, zoom_rate: 1 });
    expect(metrics).not.toHaveProperty("iou");
    expect(metrics).not.toHaveProperty("target_in_crop");
  });

  test("a rotation gives a picture but cuts nothing out", async () => {
    const { boxSourcePx: _, iou: __, ...call } = zoomCall({ name: "image_rotate_tool", rotateDegrees: 90 });
    const metrics = stepMetrics([needleTask], [[await scored({ calls: [call] })]]);
    expect(metrics).toMatchObject({ calls_ok: 1 });
    expect(metrics).not.toHaveProperty("crop_side_px");
  });

  test("a charge for the distance to the starting model is no variance", () => {
    const charged = (kl: number) => ({
      ...directRight,
      reward: { ...directRight.reward!, parts: { answer: 0.8, kl }, total: 0.8 + kl },
    });
    expect(stepMetrics([needleTask], [[charged(-0.01), charged(-0.02)]])).toMatchObject({ zero_variance_groups: 1 });
    expect(stepMetrics([needleTask], [[charged(-0.01), malformed]])).toMatchObject({ zero_variance_groups: 0 });
  });

  test("every name has a line for people", () => {
    for (const entry of Object.values(metricTable))
      expect([entry.label, entry.line].every((text) => text.length > 2)).toBe(true);
  });
});
