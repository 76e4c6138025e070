import { describe, expect, test } from "vitest";
import { stepAsDeepEyes } from "../../../src/agent/environments/step_deepeyes.ts";
import { originals } from "../../support/originals.ts";

const image = { width: 1000, height: 800 };

describe("stepAsDeepEyes()", () => {
  test("steps as DeepEyes' own code did", () => {
    const cases = originals("turn");
    expect(cases.filter((one) => one.deepeyes.img).length).toBeGreaterThan(1);
    for (const { text, deepeyes: want } of cases) {
      const step = stepAsDeepEyes(text, image);
      expect(step.done, text).toBe(want.done);
      if (step.done) continue;
      expect(step.prompt, text).toBe(want.prompt);
      expect(step.cropSourcePx ?? null, text).toEqual(want.crop ?? null);
      expect(step.cropSourcePx !== undefined || step.rotateDegrees !== undefined, text).toBe(want.img);
    }
  });

  test("a side of 30 is too small, one of 31 is not", () => {
    const box = (side: number) =>
      `<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, ${side}, 100]}}</tool_call>`;
    expect(stepAsDeepEyes(box(30), image)).toMatchObject({
      prompt: expect.stringContaining("ZOOM IN ARGUMENTS ARE INVALID"),
    });
    expect(stepAsDeepEyes(box(31), image)).toMatchObject({ cropSourcePx: [0, 0, 31, 100] });
  });

  test("an answer beats a call, an empty one does not", () => {
    const call = '<tool_call>{"name": "image_rotate_tool", "arguments": {"angle": 90}}</tool_call>';
    expect(stepAsDeepEyes(`<answer>x</answer>${call}`, image)).toEqual({ done: true });
    expect(stepAsDeepEyes(`<answer></answer>${call}`, image)).toMatchObject({ done: false, rotateDegrees: 90 });
  });
});
