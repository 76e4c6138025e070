import { expect, test } from "vitest";
import { RangeCache } from "../../../src/app/network/range_cache.ts";

test("gives what it has of a range from its first byte on, and no byte before or behind", () => {
  const cache = new RangeCache();
  cache.put("a", 10, Uint8Array.of(10, 11, 12, 13));
  expect([...cache.bytesFrom("a", 11, 13)]).toEqual([11, 12]);
  expect([...cache.bytesFrom("a", 12, 99)]).toEqual([12, 13]);
  expect([...cache.bytesFrom("a", 9, 12)]).toEqual([]);
  expect([...cache.bytesFrom("a", 14, 20)]).toEqual([]);
  expect([...cache.bytesFrom("b", 10, 12)]).toEqual([]);
});

test("drops the file read longest ago once all ranges are over 64 MiB", () => {
  const cache = new RangeCache();
  const put = (name: string) => cache.put(name, 0, new Uint8Array(24 * 2 ** 20));
  for (const name of ["a", "b"]) put(name);
  cache.bytesFrom("a", 0, 1);
  put("c");
  expect(["a", "b", "c"].filter((name) => cache.bytesFrom(name, 0, 1).length > 0)).toEqual(["a", "c"]);
});

test("knows whether a read goes on where the last one of that file ended", () => {
  const cache = new RangeCache();
  expect(cache.isSequential("a", 0, 8)).toBe(false);
  expect(cache.isSequential("b", 8, 9)).toBe(false);
  expect(cache.isSequential("a", 8, 12)).toBe(true);
  expect(cache.isSequential("a", 8, 12)).toBe(false);
});
