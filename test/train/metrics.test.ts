import { describe, expect, test } from "vitest";
import { score } from "../../src/reward/reward.ts";
import { type MetricName, metricTable, stepMetrics } from "../../src/train/metrics.ts";
import { needleTask, rollout, zoomCall } from "../support/rollouts.ts";

const weights = { answerWeight: 0.8, formatWeight: 0.2, bonusWeight: 1.2, bonus: "conditional" } as const;
const scored = (changes: Parameters<typeof rollout>[0]) => {
  const one = rollout(changes);
  return { ...one, reward: score(one, needleTask, weights) };
};
const long = [
  ...rollout().segments,
  { source: "tool" as const, tokens: [5, 5], logprobs: [], entropies: [], images: [1] },
  { source: "model" as const, tokens: [478, 466], logprobs: [-1, -1], entropies: [0, 1], images: [] },
];

const zoomedRight = scored({ calls: [zoomCall()], segments: long });
const zoomedWrong = scored({ calls: [zoomCall({ boxSourcePx: [230, 180, 380, 330], iou: 0.1 })], answer: "1" });
const directRight = scored({});
const malformed = scored({
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
    const expected: Record<MetricName, number> = {
      accuracy: 4 / 6,
      zoom_rate: 2 / 7,
      accuracy_with_zoom: 1 / 2,
      accuracy_without_zoom: 3 / 4,
      reward: (2 + 0 + 0.8 - 0.2 + 0.8 + 0.8) / 6,
      "reward/answer": (4 * 0.8) / 6,
      "reward/format": -0.2 / 6,
      "reward/zoom": 1.2 / 6,
      format_rate: 5 / 7,
      iou: 0.2,
      target_in_crop: 1 / 2,
      crop_side_px: 125,
      response_tokens: (6 * 4 + 6) / 7,
      entropy: 8 / 30,
      zero_variance_groups: 1 / 2,
      calls_requested: 3 / 7,
      calls_ok: 2 / 7,
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

  test("leaves a mean over nothing out", () => {
    const metrics = stepMetrics([needleTask], [[directRight]]);
    expect(metrics).toMatchObject({ accuracy: 1, accuracy_without_zoom: 1, zoom_rate: 0 });
    for (const name of ["accuracy_with_zoom", "iou", "target_in_crop", "crop_side_px", "zero_variance_groups"])
      expect(metrics).not.toHaveProperty([name]);
    expect(stepMetrics([], [])).toEqual({});
  });

  test("crops of unmarked pictures and of crops have a side but no overlap", () => {
    const nested = scored({ calls: [zoomCall({ imageIndex: 1, iou: undefined })] });
    const { goldBoxSourcePx: _, ...unmarked } = needleTask;
    const metrics = stepMetrics(
      [needleTask, unmarked],
      [[nested], [scored({ calls: [zoomCall({ iou: undefined })] })]],
    );
    expect(metrics).toMatchObject({ crop_side_px: 100, zoom_rate: 1 });
    expect(metrics).not.toHaveProperty("iou");
    expect(metrics).not.toHaveProperty("target_in_crop");
  });

  test("every name has a line for people", () => {
    for (const entry of Object.values(metricTable))
      expect([entry.label, entry.line].every((text) => text.length > 2)).toBe(true);
  });
});
