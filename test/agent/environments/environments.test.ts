import { describe, expect, test } from "vitest";
import { type ListeningSettings, listener, type Spoken } from "../../../src/agent/environments/open_environment.ts";
import type { Pixels } from "../../../src/image/pixels.ts";

/** Each pixel says where it is. */
const picture = (width: number, height: number): Pixels => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.floor(i / 3) % 251),
});
const view = { original: picture(400, 200), modelInput: picture(200, 100) };
const settings: ListeningSettings = {
  tool: "saccade",
  prompt: "deepeyes",
  toolErrors: "answer",
  rotate: false,
  frame: "shown-pixels",
  minSidePx: 28,
  crop: "source",
};
const hear = (text: string, changes: Partial<ListeningSettings> = {}, spoken: Partial<Spoken> = {}) =>
  listener({ ...settings, ...changes })({ text, views: [view], mayCall: true, tools: true, ...spoken });
const call = (box: unknown, name = "image_zoom_in_tool") =>
  `<think>hm</think><tool_call>\n${JSON.stringify({ name, arguments: { bbox_2d: box } })}\n</tool_call><|im_end|>`;
const rotation = (angle: unknown) =>
  `<tool_call>${JSON.stringify({ name: "image_rotate_tool", arguments: { angle } })}</tool_call><|im_end|>`;

describe.each(["saccade", "verl", "deepeyes"] as const)("%s", (tool) => {
  test("an answer ends; so does a turn with neither, whose words may be judged all the same", () => {
    expect(hear("<think>t</think> <answer> left </answer><|im_end|>", { tool })).toEqual({
      end: "answer",
      answer: "left",
      calls: [],
    });
    expect(hear("<think>t</think> It is left.<|im_end|>", { tool })).toEqual({
      end: "malformed",
      answer: "It is left.",
      calls: [],
    });
    expect(hear("<|im_end|>", { tool })).toEqual({ end: "malformed", answer: null, calls: [] });
  });

  test("one call too many ends with turns, a call without tools with malformed", () => {
    expect(hear(call([10, 10, 90, 90]), { tool }, { mayCall: false }).end).toBe("turns");
    expect(hear(call([10, 10, 90, 90]), { tool }, { tools: false }).end).toBe("malformed");
  });

  test("a bad box is answered", () => {
    expect(hear(call([90, 10, 10, 90]), { tool })).toMatchObject({
      end: null,
      cut: null,
      said: expect.stringContaining("Error"),
      calls: [{ outcome: "bad_box" }],
    });
  });
});

test("saccade cuts the source, verl the picture as shown, deepeyes the source by numbers of the picture as shown", () => {
  const box = [20, 10, 100, 90];
  const sizes = (["saccade", "verl", "deepeyes"] as const).map((tool) => {
    const heard = hear(call(box), { tool });
    if (heard.end !== null || !heard.cut) throw new Error("no crop");
    return { width: heard.cut.width, height: heard.cut.height, box: heard.calls[0]!.boxSourcePx, said: heard.said };
  });
  expect(sizes).toEqual([
    {
      width: 160,
      height: 160,
      box: [40, 20, 200, 180],
      said: "Zoomed in on image 0 to the region [20,10,100,90]; this is image 1.",
    },
    {
      width: 80,
      height: 80,
      box: [40, 20, 200, 180],
      said: "Zoomed in on the image to the region [20, 10, 100, 90].",
    },
    { width: 80, height: 80, box: [20, 10, 100, 90], said: "" },
  ]);
});

test("of an answer and a call, verl carries the call out, deepeyes and saccade take the answer", () => {
  const text = `${call([20, 10, 100, 90]).replace("<|im_end|>", "")}<answer>left</answer><|im_end|>`;
  expect((["saccade", "verl", "deepeyes"] as const).map((tool) => hear(text, { tool }).end)).toEqual([
    "answer",
    null,
    "answer",
  ]);
});

test("text that is no JSON: verl passes over it, the others answer", () => {
  const text = "<tool_call>zoom there</tool_call><|im_end|>";
  expect(hear(text, { tool: "verl" }).end).toBe("malformed");
  expect(hear(text, { tool: "deepeyes" })).toMatchObject({
    end: null,
    said: expect.stringContaining("Invalid tool call format"),
    calls: [{ outcome: "not_json" }],
  });
  expect(hear(text)).toMatchObject({ end: null, said: "Error: the tool call is not valid JSON" });
  expect(hear("<tool_call>{", {})).toMatchObject({ end: null, calls: [{ outcome: "not_json" }] });
  expect(hear(text, { toolErrors: "end" })).toMatchObject({ end: "malformed", calls: [{ outcome: "not_json" }] });
});

describe("rotation", () => {
  test("is carried out by deepeyes always, by saccade where it is offered", () => {
    const turned = { end: null, calls: [{ name: "image_rotate_tool", outcome: "ok", rotateDegrees: 90 }] };
    expect(hear(rotation(90), { tool: "deepeyes" })).toMatchObject(turned);
    expect(hear(rotation(90), { rotate: true })).toMatchObject({
      ...turned,
      said: "Rotated image 0 by 90 degrees; this is image 1.",
    });
    expect(hear(rotation(90))).toMatchObject({ end: null, cut: null, calls: [{ outcome: "unknown_tool" }] });
    expect(hear(rotation("a"), { rotate: true })).toMatchObject({ calls: [{ outcome: "bad_arguments" }] });
  });
});

test.each(["verl", "deepeyes"] as const)("%s: a row without a picture has nothing to zoom into", (tool) => {
  expect(hear(call([0, 0, 50, 50]), { tool }, { views: [] })).toMatchObject({ end: null, cut: null });
});

test("the crop's controls hold for every tool", () => {
  for (const tool of ["saccade", "verl", "deepeyes"] as const) {
    const cut = (crop: ListeningSettings["crop"]) => {
      const heard = hear(call([20, 10, 100, 90]), { tool, crop });
      return heard.end === null ? heard.cut! : null;
    };
    expect([...cut("blank")!.data].every((level) => level === 128)).toBe(true);
    expect(cut("shuffled")!.data).not.toEqual(cut("source")!.data);
    expect(cut("shuffled")).toMatchObject({ width: cut("source")!.width, height: cut("source")!.height });
  }
});
