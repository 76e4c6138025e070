import { expect, test } from "vitest";
import type { ToolCall } from "../../src/agent/rollout.ts";
import { zoomPlaces } from "../../src/agent/zoom_places.ts";
import type { Box } from "../../src/image/pixels.ts";

let segment = -1;
const cut = (imageIndex: number, boxSourcePx: Box, more: Partial<ToolCall> = {}): ToolCall => {
  segment += 2;
  return { segment, name: "image_zoom_in_tool", outcome: "ok", imageIndex, boxSourcePx, ...more };
};
const turned = (imageIndex: number): ToolCall => ({
  segment: 1,
  name: "image_rotate_tool",
  outcome: "ok",
  rotateDegrees: 90,
  imageIndex,
});
const shortly = (calls: readonly ToolCall[], gave: readonly (ToolCall | null)[] = [null, ...calls]) =>
  zoomPlaces(calls, gave).map(({ number, imageIndex, box, inFirst }) => [number, imageIndex, box, inFirst]);

test("a zoom into a crop of a crop is traced back to the first picture", () => {
  const calls = [
    cut(0, [1000, 500, 1400, 900]),
    cut(0, [0, 0, 300, 300]),
    cut(1, [10, 20, 110, 120]),
    cut(3, [5, 6, 37, 38]),
  ];
  expect(shortly(calls)).toEqual([
    [1, 0, [1000, 500, 1400, 900], [1000, 500, 1400, 900]],
    [2, 0, [0, 0, 300, 300], [0, 0, 300, 300]],
    [3, 1, [10, 20, 110, 120], [1010, 520, 1110, 620]],
    [4, 3, [5, 6, 37, 38], [1015, 526, 1047, 558]],
  ]);
  // The same where pictures cannot be made again.
  expect(shortly(calls, [])).toEqual(shortly(calls));
});

test("refused calls have no box and give no picture; a turned picture and another of the task's lie nowhere in the first", () => {
  const refused = cut(7, [0, 0, 9, 9], { outcome: "image_index" });
  segment = 1;
  const calls = [refused, turned(0), cut(1, [0, 0, 40, 40]), cut(2, [4, 4, 8, 8])];
  expect(shortly(calls, [null, ...calls.slice(1)])).toEqual([
    [2, 1, [0, 0, 40, 40], null],
    [3, 2, [4, 4, 8, 8], null],
  ]);
  const [of] = [cut(1, [0, 0, 40, 40])];
  expect(shortly([of], [null, null, of])).toEqual([[1, 1, [0, 0, 40, 40], null]]);
});

test("what a person put in the place of a result is traced at its own size; logs that contradict themselves are borne", () => {
  const picture = { width: 50, height: 50, data: new Uint8Array(7500) };
  const replaced = cut(0, [0, 0, 9, 9], { replaced: { kind: "box", picture, boxSourcePx: [100, 100, 200, 200] } });
  const inside = cut(1, [10, 10, 20, 20]);
  expect(shortly([replaced, inside])).toEqual([
    [1, 0, [100, 100, 200, 200], [100, 100, 200, 200]],
    [2, 1, [10, 10, 20, 20], [120, 120, 140, 140]],
  ]);
  const ahead = cut(2, [0, 0, 4, 4]);
  const flat = cut(0, [5, 5, 5, 9]);
  expect(shortly([ahead, flat, cut(2, [0, 0, 1, 1])]).map(([, , , inFirst]) => inFirst)).toEqual([
    null,
    [5, 5, 5, 9],
    null,
  ]);
});
