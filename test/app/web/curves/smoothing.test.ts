import { expect, test } from "vitest";
import { smoothed, smoothedPoints } from "../../../../src/app/web/curves/smoothing.ts";
import type { Point } from "../../../../src/app/web/run/run_state.ts";

test("a constant stays what it is from the first value on, and no weight changes nothing", () => {
  for (const value of smoothed([3, 3, 3, 3], 0.9)) expect(value).toBeCloseTo(3, 12);
  expect(smoothed([1, null, 5], 0)).toEqual([1, null, 5]);
});

test("is the weighted mean of all values so far", () => {
  const values = [1, 4, -2, 8];
  const weight = 0.7;
  const expected = values.map((_, i) => {
    const weights = values.slice(0, i + 1).map((_, j) => weight ** (i - j));
    return weights.reduce((sum, w, j) => sum + w * values[j]!, 0) / weights.reduce((sum, w) => sum + w, 0);
  });
  for (const [i, value] of smoothed(values, weight).entries()) expect(value).toBeCloseTo(expected[i]!, 12);
});

test("steps without a value, or with NaN, count for nothing", () => {
  const [first, , , last] = smoothed([1, null, Number.NaN, 3], 0.5);
  expect([first, last]).toEqual([1, smoothed([1, 3], 0.5)[1]]);
  const points: Point[] = [
    { step: 1, durationMs: 0, metrics: { a: 1, b: 7 } },
    { step: 2, durationMs: 0, metrics: { b: 7 } },
  ];
  expect(smoothedPoints(points, ["a"], 0.5).map(({ metrics }) => metrics)).toEqual([{ a: 1 }, {}]);
  expect(smoothedPoints(points, ["a"], 0)).toBe(points);
});
