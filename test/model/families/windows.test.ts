import { expect, test } from "vitest";
import { patchOrder, windowOrder } from "../../../src/model/families/qwen2_5_vl/windows.ts";

const vision = (windowSize: number) => ({ windowSize, patchSize: 14, spatialMergeSize: 2 });

test("windows that divide no side are cut at the right and lower edge", () => {
  // 3 x 5 merge blocks, windows of 2 x 2: rows of blocks 0-4, 5-9, 10-14.
  const { order, ends } = windowOrder({ t: 1, h: 6, w: 10 }, vision(56));
  expect([...order]).toEqual([0, 1, 5, 6, 2, 3, 7, 8, 4, 9, 10, 11, 12, 13, 14]);
  expect(ends).toEqual([4, 8, 10, 12, 14, 15]);
});

test("a window larger than the picture keeps the processor's order, one per frame", () => {
  const { order, ends } = windowOrder({ t: 2, h: 4, w: 4 }, vision(112));
  expect([...order]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(ends).toEqual([4, 8]);
});

test("a window's side in blocks is rounded down twice, as in the reference", () => {
  // 90 / 2 / 14 = 3.2 -> 3 blocks; (90 / 14) / 2 would be the same, 45 / 14 = 3.2.
  expect(windowOrder({ t: 1, h: 2, w: 14 }, vision(90)).ends[0]).toBe(3);
  expect(windowOrder({ t: 1, h: 2, w: 14 }, vision(83)).ends[0]).toBe(2);
});

test("the patches of a block stay together", () => {
  const { patches, windowEnds } = patchOrder({ t: 1, h: 4, w: 6 }, vision(56));
  expect([...patches]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23]);
  expect(windowEnds).toEqual([16, 24]);
});
