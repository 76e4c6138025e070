import { expect, test } from "vitest";
import { bucket } from "../../src/gpu/bucket.ts";
import { grid } from "../../src/gpu/grid.ts";

test("bucket() gives small counts as they are, larger ones in eight steps an octave", () => {
  expect([1, 2, 7, 8, 15, 16, 17, 18, 19].map((n) => bucket(n))).toEqual([1, 2, 7, 8, 15, 16, 18, 18, 20]);
  expect([1000, 1024, 1025, 1152, 1153].map((n) => bucket(n))).toEqual([1024, 1024, 1152, 1152, 1280]);
  expect(bucket(0)).toBe(1);
});

test.each([1, 4, 32, 64])(
  "bucket() of a multiple of %i holds the count, wastes little, and is its own bucket",
  (multiple) => {
    const counts = Array.from({ length: 8192 }, (_, i) => i + 1);
    const wrong = counts.filter((count) => {
      const size = bucket(count, multiple);
      return (
        size < count || size % multiple !== 0 || size >= count * 1.125 + multiple || bucket(size, multiple) !== size
      );
    });
    expect(wrong).toEqual([]);
    expect(new Set(counts.map((count) => bucket(count, multiple))).size).toBeLessThanOrEqual(13 * 8);
  },
);

test("grid() is one row of workgroups, folded evenly where a row would be too long", () => {
  expect(grid(0, 64)).toEqual([0, 1]);
  expect(grid(1, 64)).toEqual([1, 1]);
  expect(grid(65, 64)).toEqual([2, 1]);
  expect(grid(65535 * 64, 64)).toEqual([65535, 1]);
  for (const count of [65536, 151_936, 1_000_003, 65535 * 65535]) {
    const [x, y] = grid(count, 1);
    expect(Math.max(x, y)).toBeLessThanOrEqual(65535);
    expect(x * y).toBeGreaterThanOrEqual(count);
    expect(x * (y - 1)).toBeLessThan(count);
  }
});
