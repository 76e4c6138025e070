import { describe, expect, test } from "vitest";
import { type Aggregation, tokenWeights } from "../../src/train/aggregation.ts";

test("weights of tokens are verl's four aggregations", () => {
  expect(tokenWeights([3, 1], "token-mean")).toEqual([1 / 4, 1 / 4]);
  expect(tokenWeights([3, 1], "seq-mean-token-mean")).toEqual([1 / 6, 1 / 2]);
  expect(tokenWeights([3, 1], "seq-mean-token-sum")).toEqual([1 / 2, 1 / 2]);
  expect(tokenWeights([3, 1], "seq-mean-token-sum-norm", 5)).toEqual([1 / 5, 1 / 5]);
});

test("a sequence without tokens weighs nothing and is not counted", () => {
  expect(tokenWeights([3, 0, 1], "seq-mean-token-mean")).toEqual([1 / 6, 0, 1 / 2]);
  expect(tokenWeights([3, 0, 1], "seq-mean-token-sum")).toEqual([1 / 2, 0, 1 / 2]);
  expect(tokenWeights([], "token-mean")).toEqual([]);
});

describe("micro-batches", () => {
  /** Token losses of five sequences. */
  const losses = [[1, 2, 3], [4], [5, 6], [7, 8, 9, 10], [11]];
  const sums = losses.map((row) => row.reduce((a, b) => a + b));
  const means = losses.map((row, i) => sums[i]! / row.length);
  const loss = (mode: Aggregation, microBatch: number) =>
    tokenWeights(
      losses.map((row) => row.length),
      mode,
      20,
      microBatch,
    ).reduce((total, weight, i) => total + weight * sums[i]!, 0);

  test("of one sequence make the mean over tokens the mean over sequences", () => {
    expect(loss("token-mean", 1)).toBeCloseTo(means.reduce((a, b) => a + b) / 5, 12);
    expect(loss("token-mean", 1)).toBeCloseTo(loss("seq-mean-token-mean", 0), 12);
  });

  test("of two are averaged, the last and smaller one like the others", () => {
    // (1, 2, 3, 4), (5 ... 10), (11)
    expect(loss("token-mean", 2)).toBeCloseTo((10 / 4 + 45 / 6 + 11) / 3, 12);
    expect(loss("seq-mean-token-mean", 2)).toBeCloseTo(((2 + 4) / 2 + (5.5 + 8.5) / 2 + 11) / 3, 12);
    expect(loss("seq-mean-token-sum", 2)).toBeCloseTo(((6 + 4) / 2 + (11 + 34) / 2 + 11) / 3, 12);
    expect(loss("seq-mean-token-sum-norm", 2)).toBeCloseTo((10 / 20 + 45 / 20 + 11 / 20) / 3, 12);
  });

  test("as large as the batch, or 0, change nothing", () => {
    for (const mode of [
      "token-mean",
      "seq-mean-token-mean",
      "seq-mean-token-sum",
      "seq-mean-token-sum-norm",
    ] as const) {
      expect(loss(mode, 5)).toBe(loss(mode, 0));
      expect(loss(mode, 64)).toBe(loss(mode, 0));
    }
  });
});
