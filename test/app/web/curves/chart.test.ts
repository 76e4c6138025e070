import { describe, expect, test } from "vitest";
import { type CurveSpec, curvesOf } from "../../../../src/app/web/curves/catalogue.ts";
import { type Drawing, overlayChart, ownChart, plotRanges } from "../../../../src/app/web/curves/chart.ts";
import { runPoints } from "../../../../src/app/web/curves/run_points.ts";
import type { EvalPoint, Point } from "../../../../src/app/web/run/run_state.ts";

const all: Drawing = { smoothing: 0, window: null, ranges: null };
const update = (step: number, metrics: Record<string, number>): Point => ({ step, durationMs: 1, metrics });
const evaluation = (step: number, greedy: boolean, metrics: Record<string, number>): EvalPoint => ({
  ...update(step, metrics),
  greedy,
});
const run = (updates: Point[], evals: EvalPoint[] = []) => runPoints({ updates, evals });
const specOf = (id: string, keys: string[]): CurveSpec => curvesOf(new Set(keys)).find((spec) => spec.id === id)!;
const linesOf = ({ lines }: { lines: readonly { name: string; values: readonly unknown[] }[] }) =>
  lines.map(({ name, values }) => [name, values]);

describe("of one run", () => {
  const accuracy = specOf("accuracy", ["accuracy"]);
  test("a line for each part, evaluations as dots at their steps", () => {
    const chart = ownChart(
      accuracy,
      run(
        [update(1, { accuracy: 0.5 }), update(2, { accuracy: 0.6 })],
        [evaluation(2, false, { accuracy: 0.7 }), evaluation(2, true, { accuracy: 0.8 })],
      ),
      null,
      all,
    );
    expect(chart.steps).toEqual([1, 2]);
    expect(linesOf(chart)).toEqual([
      ["accuracy", [0.5, 0.6]],
      ["accuracy, held-out, sampled", [null, 0.7]],
      ["accuracy, held-out, greedy", [null, 0.8]],
    ]);
    expect(chart.lines.map(({ look }) => look)).toEqual([undefined, "dots", "rings"]);
  });

  test("the worth of the tool is of sampled evaluations", () => {
    const metrics = (at: number) => ({ "causal/with_tool": at, "causal/gain": 0.7 });
    const spec = specOf("worth", ["heldout/sampled/causal/with_tool"]);
    const chart = ownChart(
      spec,
      run(
        [update(1, {})],
        [evaluation(10, false, metrics(0.6)), evaluation(10, true, metrics(0.99)), evaluation(20, false, metrics(0.9))],
      ),
      null,
      all,
    );
    expect(chart.steps).toEqual([10, 20]);
    expect(linesOf(chart)[0]).toEqual(["right with tool", [0.6, 0.9]]);
    expect(linesOf(chart)[2]).toEqual(["gain", [0.7, 0.7]]);
  });

  test("the run before it is faint, on the steps of both", () => {
    const chart = ownChart(
      accuracy,
      run([update(2, { accuracy: 0.5 })]),
      run([update(1, { accuracy: 0.1 }), update(2, { accuracy: 0.2 })]),
      all,
    );
    expect(chart.steps).toEqual([1, 2]);
    expect(linesOf(chart)).toEqual([
      ["accuracy, previous run", [0.1, 0.2]],
      ["accuracy", [null, 0.5]],
    ]);
  });

  test("a band goes from the smallest to the largest, behind the line", () => {
    const spec = specOf("reward_range", ["reward", "reward_min", "reward_max"]);
    const chart = ownChart(spec, run([update(1, { reward: 1, reward_min: 0, reward_max: 2 })]), null, all);
    expect(linesOf(chart)).toEqual([
      ["smallest", [0]],
      ["largest", [2]],
      ["mean", [1]],
    ]);
    expect(chart.bands).toEqual([{ low: 0, high: 1, colour: "--total" }]);
  });

  test("what is smoothed has what was logged behind it; tables have what was logged", () => {
    const points = run([update(1, { accuracy: 0 }), update(2, { accuracy: 1 })]);
    const drawn = ownChart(accuracy, points, null, { smoothing: 0.5, window: null, ranges: plotRanges });
    expect(linesOf(drawn)).toEqual([
      ["accuracy, as logged", [0, 1]],
      ["accuracy", [0, 2 / 3]],
    ]);
    expect(linesOf(ownChart(accuracy, points, null, all))).toEqual([["accuracy", [0, 1]]]);
  });

  test("a window cuts steps off, after smoothing", () => {
    const points = run([1, 2, 3, 4].map((step) => update(step, { accuracy: step === 1 ? 1 : 0 })));
    const drawing: Drawing = { smoothing: 0.5, window: [2, 3], ranges: plotRanges };
    const chart = ownChart(accuracy, points, null, drawing);
    expect(chart.steps).toEqual([2, 3]);
    expect(chart.lines.at(-1)!.values[0]).toBeCloseTo(1 / 3, 12);
  });

  test("what a computer cannot draw is left out", () => {
    const chart = ownChart(
      accuracy,
      run([update(1, { accuracy: Number.NaN }), update(2, { accuracy: 1e39 })]),
      null,
      all,
    );
    expect(linesOf(chart)).toEqual([["accuracy", [null, null]]]);
  });
});

describe("of several runs", () => {
  const part = { key: "loss", name: "whole", colour: "--total" };
  const losses = (...values: number[]) => run(values.map((loss, i) => update(i + 1, { loss })));
  const drawn = [
    { name: "bonus none", colour: "--total", runs: [losses(1, 2, 3), losses(3, 4)] },
    { name: "bonus conditional", colour: "--answer", dash: [7, 3], runs: [losses(5)] },
  ];

  test("each by itself", () => {
    expect(linesOf(overlayChart(part, drawn, "each", all))).toEqual([
      ["bonus none", [1, 2, 3]],
      ["bonus none", [3, 4, null]],
      ["bonus conditional", [5, null, null]],
    ]);
  });

  test("seeds of one setting as mean and band; a table says of how many runs", () => {
    const chart = overlayChart(part, drawn, "deviation", all);
    const half = Math.SQRT2;
    expect(linesOf(chart)).toEqual([
      ["bonus none: mean − deviation", [2 - half, 3 - half, 3]],
      ["bonus none: mean + deviation", [2 + half, 3 + half, 3]],
      ["bonus none: mean", [2, 3, 3]],
      ["bonus none: runs", [2, 2, 1]],
      ["bonus conditional", [5, null, null]],
    ]);
    expect(chart.bands).toEqual([{ low: 0, high: 1, colour: "--total" }]);
    const range = overlayChart(part, drawn, "range", { ...all, ranges: plotRanges });
    expect(linesOf(range).slice(0, 3)).toEqual([
      ["bonus none: smallest", [1, 2, 3]],
      ["bonus none: largest", [3, 4, 3]],
      ["bonus none: mean", [2, 3, 3]],
    ]);
  });
});

test("100,000 steps of ten runs are thinned to what a plot can show", () => {
  const long = (seed: number) =>
    run(
      Array.from({ length: 100_000 }, (_, i) => update(i + 1, { loss: Math.sin(i * seed) + (i === 54_321 ? 9 : 0) })),
    );
  const drawn = Array.from({ length: 10 }, (_, i) => ({ name: `seed ${i}`, colour: "--soft", runs: [long(i + 1)] }));
  const drawing: Drawing = { smoothing: 0, window: null, ranges: plotRanges };
  const part = { key: "loss", name: "loss", colour: "--soft" };
  const chart = overlayChart(part, drawn, "each", drawing);
  for (const { values } of chart.lines) {
    const kept = values.filter((value) => value !== null);
    expect(kept.length).toBeLessThanOrEqual(2 * plotRanges + 2);
    expect(Math.max(...kept)).toBeGreaterThan(7.9);
  }
  expect(chart.steps.length).toBeLessThanOrEqual(10 * (2 * plotRanges + 2));
  // A stretch that is looked at closely has every step.
  expect(overlayChart(part, drawn.slice(0, 1), "each", { ...drawing, window: [500, 900] }).steps).toHaveLength(401);
});
