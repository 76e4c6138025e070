import { expect, test } from "vitest";
import { curveLines, curveSpecs, pointsOf, shownCurves } from "../../../../src/app/web/train/curve_series.ts";

const update = (step: number) => ({ step, durationMs: 1, metrics: { accuracy: 0.5 } });
const evaluation = (step: number, greedy: boolean, metrics: Record<string, number>) => ({
  step,
  greedy,
  durationMs: 1,
  metrics: { accuracy: greedy ? 0.9 : 0.8, ...metrics },
});
const worth = curveSpecs.find(({ evaluated }) => evaluated)!;

test("the worth of the tool has a curve where evaluations measured it, and only there", () => {
  const titles = (evals: Parameters<typeof shownCurves>[1]) =>
    shownCurves([update(1)], evals).map(({ title }) => title);
  expect(titles([evaluation(1, false, {})])).not.toContain(worth.title);
  expect(titles([evaluation(1, false, { "causal/with_tool": 0.9 })])).toContain(worth.title);
});

test("it is of sampled evaluations: with and without the tool, gain, harm, right anyway", () => {
  const metrics = (at: number) => ({
    "causal/with_tool": at,
    "causal/without_tool": 0.1,
    "causal/gain": 0.7,
    "causal/harm": 0.02,
    "causal/right_anyway": 0.12,
  });
  const evals = [
    evaluation(10, false, metrics(0.6)),
    evaluation(10, true, metrics(0.99)),
    evaluation(20, false, metrics(0.9)),
  ];
  const { steps, lines } = curveLines(worth, pointsOf(worth, [update(1), update(15)], evals), evals, null);
  expect(steps).toEqual([10, 20]);
  expect(lines.map(({ name, values }) => [name, values])).toEqual([
    ["right with tool", [0.6, 0.9]],
    ["right without", [0.1, 0.1]],
    ["gain", [0.7, 0.7]],
    ["harm", [0.02, 0.02]],
    ["right anyway", [0.12, 0.12]],
  ]);
});
