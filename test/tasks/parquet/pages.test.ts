import { expect, test } from "vitest";
import { rangeAt, rowRangesOf } from "../../../src/tasks/parquet/pages.ts";

const page = (startByte: number, values: number, usesDictionary = false) => ({
  startByte,
  endByte: startByte + 10,
  values,
  usesDictionary,
});

test("pages that end inside a row are read with the next", () => {
  // Rows of 2, 3 and 1 values in pages of 2, 1, 2 and 1.
  const ranges = rowRangesOf([page(0, 2), page(10, 1), page(20, 2, true), page(30, 1)], [0, 2, 5, 6]);
  expect(ranges.map(({ firstRow, endRow, startByte, endByte }) => [firstRow, endRow, startByte, endByte])).toEqual([
    [0, 1, 0, 10],
    [1, 2, 10, 30],
    [2, 3, 30, 40],
  ]);
  expect(ranges.map(({ usesDictionary }) => usesDictionary)).toEqual([false, true, false]);
  expect([0, 1, 2].map((row) => rangeAt(ranges, row).startByte)).toEqual([0, 10, 30]);
});

test("several rows in a page are one range", () => {
  expect(rowRangesOf([page(0, 3), page(10, 2)], [0, 1, 2, 3, 4, 5]).map(({ endRow }) => endRow)).toEqual([3, 5]);
});

test("pages that hold more or fewer values than the rows need", () => {
  expect(() => rowRangesOf([page(0, 2)], [0, 1, 2, 3])).toThrow("its pages hold 2 values where its rows need 3");
  expect(() => rowRangesOf([page(0, 4)], [0, 1, 2, 3])).toThrow("its pages hold 4 values where its rows need 3");
});
