import { expect, test } from "vitest";
import { chosenAttention, strongest } from "../../../../src/app/web/rollout/attention_choice.ts";

/** Two layers of two heads over a picture of 2 x 1 tokens and one of 1 x 2. */
const maps = {
  layers: 2,
  heads: 2,
  pictures: [
    { across: 2, down: 1 },
    { across: 1, down: 2 },
  ],
  weights: Float32Array.from(
    [
      [0.25, 0.125, 0, 0],
      [0.5, 0.125, 0, 0.25],
      [0, 0, 0.5, 0],
      [0.25, 0, 0.5, 0.25],
    ].flat(),
  ),
  rolled: Float32Array.of(0.125, 0.25, 0, 0.5),
  sums: Float32Array.of(1, 1, 1, 1),
};
const shown = (layer: number, head: number, rolled = false) =>
  chosenAttention(maps, { layer, head, rolled })!.map(({ weights, share }) => [[...weights], share]);

test("attention by layer and head, averaged, and rolled out", () => {
  expect(shown(1, 2)).toEqual([
    [[0.5, 0.125], 0.625],
    [[0, 0.25], 0.25],
  ]);
  expect(shown(2, 0)).toEqual([
    [[0.125, 0], 0.125],
    [[0.5, 0.125], 0.625],
  ]);
  expect(shown(0, 1)).toEqual([
    [[0.125, 0.0625], 0.1875],
    [[0.25, 0], 0.25],
  ]);
  expect(shown(0, 0)).toEqual([
    [[0.25, 0.0625], 0.3125],
    [[0.25, 0.125], 0.375],
  ]);
  expect(shown(2, 1, true)).toEqual([
    [[0.125, 0.25], 0.375],
    [[0, 0.5], 0.5],
  ]);
  // Chosen at a model with more of them.
  expect(shown(9, 9)).toEqual(shown(2, 2));
  expect(chosenAttention({ ...maps, rolled: null }, { layer: 0, head: 0, rolled: true })).toBeNull();
});

test("the place that is looked at most", () => {
  const [first, second] = chosenAttention(maps, { layer: 1, head: 2, rolled: false })!;
  expect(strongest(first!)).toEqual({ row: 1, column: 1, weight: 0.5 });
  expect(strongest(second!)).toEqual({ row: 2, column: 1, weight: 0.25 });
  expect(strongest(chosenAttention(maps, { layer: 2, head: 1, rolled: false })![0]!)).toBeNull();
});
