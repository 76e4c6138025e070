import { expect, test } from "vitest";
import type { ToolCall } from "../../../../src/agent/rollout.ts";
import { modelInputs } from "../../../../src/app/web/run/model_inputs.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import { gradient } from "../../../support/model_turns.ts";
import { rollout, zoomCall } from "../../../support/rollouts.ts";

const config = resolveConfig({});
const view = { factor: 16, minPixels: 4096, maxPixels: 4096 };
const answered = [
  ...rollout().segments,
  { source: "tool" as const, tokens: [1], logprobs: [], entropies: [], images: [1] },
];
const pictures = (calls: ToolCall[], side = 128) =>
  modelInputs(rollout({ calls, segments: answered }), [gradient(side, side)], config, { view });
const turned: ToolCall = { segment: 1, name: "image_rotate_tool", outcome: "ok", rotateDegrees: 90, imageIndex: 0 };

test("each picture has the box of the call that gave it, also behind one without a box", () => {
  const cut = zoomCall({ boxSourcePx: [0, 0, 64, 64], imageIndex: 1 });
  const found = pictures([turned, zoomCall({ outcome: "bad_box" }), cut]);
  expect(found.map(({ index, zoom, call, pixels }) => [index, zoom, call?.boxSourcePx, pixels.width])).toEqual([
    [0, 0, undefined, 64],
    [1, 1, undefined, 64],
    [2, 2, [0, 0, 64, 64], 64],
  ]);
});

test.each([
  [zoomCall({ boxSourcePx: [0, 0, 129, 4] }), "call 1: it cuts [0, 0, 129, 4] out of a picture of 128 × 128 pixels"],
  [zoomCall({ imageIndex: 3 }), "call 1: it is about picture 3, of 1"],
  [zoomCall({ name: "own_tool" }), "call 1: the tool own_tool is not loaded"],
])("a call of a log that could not have been carried out is named", (call, sentence) => {
  expect(() => pictures([call])).toThrow(sentence);
});

test("a log with more pictures than a page can hold is stopped before they are made", () => {
  const whole = (side: number) => zoomCall({ boxSourcePx: [0, 0, side, side] });
  expect(() => pictures(new Array(300).fill(whole(16)))).toThrow("it has more than 256 pictures");
  expect(() => pictures(new Array(20).fill(whole(2048)), 2048)).toThrow(
    "its pictures have more than 67,108,864 pixels together",
  );
});
