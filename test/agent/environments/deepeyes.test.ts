import { describe, expect, test } from "vitest";
import { callAsDeepEyes } from "../../../src/agent/environments/call_deepeyes.ts";
import { stepAsDeepEyes } from "../../../src/app/conformance/step_deepeyes.ts";
import { originals } from "../../support/originals.ts";

const image = { width: 1000, height: 800 };

describe("DeepEyes' environment", () => {
  test("steps as DeepEyes' own code did", async () => {
    const cases = originals("turn");
    expect(cases.filter((one) => one.deepeyes.img).length).toBeGreaterThan(1);
    for (const { text, deepeyes: want } of cases) {
      const step = await stepAsDeepEyes(text, image);
      expect(step.done, text).toBe(want.done);
      if (step.done) continue;
      expect(step.prompt, text).toBe(want.prompt);
      expect(step.cropSourcePx ?? null, text).toEqual(want.crop ?? null);
      expect(step.error === null, text).toBe(want.img);
    }
  });

  test("a side of 30 is too small, one of 31 is not", async () => {
    const box = (side: number) =>
      `<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, ${side}, 100]}}</tool_call>`;
    expect(await stepAsDeepEyes(box(30), image)).toMatchObject({ error: "Error: ZOOM IN ARGUMENTS ARE INVALID" });
    expect(await stepAsDeepEyes(box(31), image)).toMatchObject({ cropSourcePx: [0, 0, 31, 100] });
  });

  test("an answer beats a call, an empty one does not", () => {
    const call = '<tool_call>{"name": "image_rotate_tool", "arguments": {"angle": 90}}</tool_call>';
    expect(callAsDeepEyes(`<answer>x</answer>${call}`)).toEqual({ kind: "none" });
    expect(callAsDeepEyes(`<answer></answer>${call}`)).toMatchObject({ kind: "call", name: "image_rotate_tool" });
  });
});
