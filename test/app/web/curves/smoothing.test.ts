import { expect, test } from "vitest";
import { smoothed } from "../../../../src/app/web/curves/smoothing.ts";

const smooth = (values: number[], weight: number) => [...smoothed(Float64Array.from(values), weight)];

test("a constant stays what it is from the first value on, and no weight changes nothing", () => {
  for (const value of smooth([3, 3, 3, 3], 0.9)) expect(value).toBeCloseTo(3, 12);
  expect(smooth([1, Number.NaN, 5], 0)).toEqual([1, Number.NaN, 5]);
});

test("is the weighted mean of all values so far", () => {
  const values = [1, 4, -2, 8];
  const weight = 0.7;
  const expected = values.map((_, i) => {
    const weights = values.slice(0, i + 1).map((_, j) => weight ** (i - j));
    return weights.reduce((sum, w, j) => sum + w * values[j]!, 0) / weights.reduce((sum, w) => sum + w, 0);
  });
  for (const [i, value] of smooth(values, weight).entries()) expect(value).toBeCloseTo(expected[i]!, 12);
});

test("steps without a value count for nothing", () => {
  expect(smooth([1, Number.NaN, Number.NaN, 3], 0.5)).toEqual([1, Number.NaN, Number.NaN, smooth([1, 3], 0.5)[1]]);
});
