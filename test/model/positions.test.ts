import { expect, test } from "vitest";
import type { Qwen25Vision } from "../../src/model/config.ts";
import { blockAxes, interleavedAxes, patchOrder, ropePositions, windowOrder } from "../../src/model/positions.ts";

const vision = (windowSize: number, patchSize = 14): Qwen25Vision => ({
  family: "qwen2_5_vl",
  windowSize,
  patchSize,
  fullattBlockIndexes: [],
  spatialMergeSize: 2,
  temporalPatchSize: 2,
  hiddenSize: 8,
  intermediateSize: 8,
  depth: 1,
  numHeads: 1,
  imageMean: [0, 0, 0],
  imageStd: [1, 1, 1],
  outHiddenSize: 8,
  ropeTheta: 10000,
});

test("windows that divide no side are cut at the right and lower edge", () => {
  // 3 x 5 merge blocks, windows of 2 x 2: rows of blocks 0-4, 5-9, 10-14.
  const { order, spans } = windowOrder({ t: 1, h: 6, w: 10 }, vision(56));
  expect([...order]).toEqual([0, 1, 5, 6, 2, 3, 7, 8, 4, 9, 10, 11, 12, 13, 14]);
  const ends = [...spans].filter((_, i) => i % 2 === 1);
  expect(ends).toEqual([4, 4, 4, 4, 8, 8, 8, 8, 10, 10, 12, 12, 14, 14, 15]);
  expect([...spans].filter((_, i) => i % 2 === 0)).toEqual([0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 10, 10, 12, 12, 14]);
});

test("a window larger than the picture keeps the processor's order, one per frame", () => {
  const { order, spans } = windowOrder({ t: 2, h: 4, w: 4 }, vision(112));
  expect([...order]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect([...spans.subarray(6, 10)]).toEqual([0, 4, 4, 8]);
});

test("a window's side in blocks is rounded down twice, as in the reference", () => {
  // 90 / 2 / 14 = 3.2 -> 3 blocks; (90 / 14) / 2 would be the same, 45 / 14 = 3.2.
  expect(windowOrder({ t: 1, h: 2, w: 14 }, vision(90)).spans[1]).toBe(3);
  expect(windowOrder({ t: 1, h: 2, w: 14 }, vision(83)).spans[1]).toBe(2);
});

test("the patches of a block stay together", () => {
  expect([...patchOrder({ t: 1, h: 4, w: 6 }, vision(56))]).toEqual([
    0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23,
  ]);
});

test("rotary sections in blocks and interleaved", () => {
  expect([...blockAxes([2, 3, 3])]).toEqual([0, 0, 1, 1, 1, 2, 2, 2]);
  expect([...interleavedAxes(16, [4, 2, 2])]).toEqual([0, 1, 2, 0, 1, 2, 0, 0]);
});

test("a picture's tokens share a time; text goes on after its longer side", () => {
  const { t, h, w, next } = ropePositions([7, 1, 1, 1, 1, 1, 1, 8], 1, [{ t: 1, h: 4, w: 6 }], 2, 10);
  expect(t).toEqual([10, 11, 11, 11, 11, 11, 11, 14]);
  expect(h).toEqual([10, 11, 11, 11, 12, 12, 12, 14]);
  expect(w).toEqual([10, 11, 12, 13, 11, 12, 13, 14]);
  expect(next).toBe(15);
});

test("pictures and image tokens that do not match", () => {
  const grid = { t: 1, h: 4, w: 4 };
  expect(() => ropePositions([1, 1, 1, 1], 1, [], 2)).toThrow("the text shows 1 pictures or more, 0 were given");
  expect(() => ropePositions([1, 1, 1, 8], 1, [grid], 2)).toThrow(
    "picture 0 has 4 image tokens, the text has fewer in a row",
  );
  expect(() => ropePositions([7, 8], 1, [grid], 2)).toThrow("1 pictures were given, the text shows 0");
});
