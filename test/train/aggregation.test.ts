import { expect, test } from "vitest";
import { tokenWeights } from "../../src/train/aggregation.ts";

test("weights of tokens are verl's four aggregations", () => {
  expect(tokenWeights([3, 1], "token-mean")).toEqual([1 / 4, 1 / 4]);
  expect(tokenWeights([3, 1], "seq-mean-token-mean")).toEqual([1 / 6, 1 / 2]);
  expect(tokenWeights([3, 1], "seq-mean-token-sum")).toEqual([1 / 2, 1 / 2]);
  expect(tokenWeights([3, 1], "seq-mean-token-sum-norm", 5)).toEqual([1 / 5, 1 / 5]);
});
