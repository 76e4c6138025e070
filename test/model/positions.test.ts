import { expect, test } from "vitest";
import { blockAxes, interleavedAxes, ropePositions } from "../../src/model/positions.ts";

const sizes = { imageTokenId: 1, mergeSize: 2 };

test("rotary sections in blocks and interleaved", () => {
  expect([...blockAxes([2, 3, 3])]).toEqual([0, 0, 1, 1, 1, 2, 2, 2]);
  expect([...interleavedAxes(8, [4, 2, 2])]).toEqual([0, 1, 2, 0, 1, 2, 0, 0]);
});

test("a picture's tokens share a time; text goes on after its longer side", () => {
  const { t, h, w, next } = ropePositions({
    ...sizes,
    tokens: [7, 1, 1, 1, 1, 1, 1, 8],
    grids: [{ t: 1, h: 4, w: 6 }],
    start: 10,
  });
  expect(t).toEqual([10, 11, 11, 11, 11, 11, 11, 14]);
  expect(h).toEqual([10, 11, 11, 11, 12, 12, 12, 14]);
  expect(w).toEqual([10, 11, 12, 13, 11, 12, 13, 14]);
  expect(next).toBe(15);
});

test("pictures and image tokens that do not match", () => {
  const grid = { t: 1, h: 4, w: 4 };
  expect(() => ropePositions({ ...sizes, tokens: [1, 1, 1, 1], grids: [] })).toThrow(
    "the text shows 1 pictures or more, 0 were given",
  );
  expect(() => ropePositions({ ...sizes, tokens: [1, 1, 1, 8], grids: [grid] })).toThrow(
    "picture 0 has 4 image tokens, the text has fewer in a row",
  );
  expect(() => ropePositions({ ...sizes, tokens: [7, 8], grids: [grid] })).toThrow(
    "1 pictures were given, the text shows 0",
  );
});
