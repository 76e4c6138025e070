import { expect, test } from "vitest";
import { intersectionOverUnion } from "../../src/agent/box_overlap.ts";

test("intersectionOverUnion of equal, half, disjoint and empty boxes", () => {
  expect(intersectionOverUnion([0, 0, 4, 4], [0, 0, 4, 4])).toBe(1);
  expect(intersectionOverUnion([0, 0, 4, 4], [2, 0, 6, 4])).toBeCloseTo(1 / 3, 12);
  expect(intersectionOverUnion([0, 0, 4, 4], [4, 0, 6, 4])).toBe(0);
  expect(intersectionOverUnion([0, 0, 0, 0], [0, 0, 0, 0])).toBe(0);
});
