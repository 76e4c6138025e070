import { expect, test } from "vitest";
import { rotation } from "../../../src/agent/tools/rotate.ts";
import { callText, contextWith, gradient, stepWith } from "../../support/model_turns.ts";

test("turns the picture that is asked for, and a replay turns it again", async () => {
  const views = [3, 4].map((side) => ({ original: gradient(side, side), modelInput: gradient(1, 1) }));
  const result = await rotation.call({ angle: 90, image_index: 1 }, contextWith({ views }));
  expect(result).toEqual({
    caption: "Rotated image 1 by 90 degrees; this is image 2.",
    record: { rotateDegrees: 90, imageIndex: 1 },
  });
  const logged = { segment: 1, name: rotation.name, outcome: "ok", ...result.record };
  const picture = rotation.replay?.(logged, views, { crop: "source" });
  // Anticlockwise: the last column comes to the top.
  expect([...(picture?.data.slice(0, 2) ?? [])]).toEqual([3, 0]);
  expect(rotation.summary?.(logged)).toBe("rotated by 90 degrees");
});

test.each([
  [{ angle: "a" }, "bad_arguments", "Error: angle must be a number of degrees"],
  [null, "bad_arguments", "Error: angle must be a number of degrees"],
  [{ angle: 1, image_index: 4 }, "image_index", "Error: image_index must be a whole number from 0 to 0"],
])("%j is answered", async (given, outcome, text) => {
  expect(await stepWith(callText(rotation.name, given))).toMatchObject({ call: { outcome }, text, picture: null });
});

test.each([
  ['{"angle": "a"}', "bad_arguments", "Error: not all arguments converted during string formatting"],
  ['{"angle": [1]}', "bad_arguments", "Error: unsupported operand type(s) for %: 'list' and 'float'"],
  ["{}", "bad_arguments", "Error: 'angle'"],
  ['{"angle": NaN}', "image_index", "Error: there is no picture to act on"],
])("deepeyes answers %s in Python's words", async (json, outcome, text) => {
  const turn = `<tool_call>{"name": "image_rotate_tool", "arguments": ${json}}</tool_call>`;
  expect(await stepWith(turn, { tool: "deepeyes" })).toMatchObject({ call: { outcome }, text, picture: null });
});
