import { describe, expect, test } from "vitest";
import type { EnvironmentSettings, ModelTurn } from "../../../src/agent/environments/environment.ts";
import { zoom } from "../../../src/agent/tools/zoom.ts";
import { callText, stepWith } from "../../support/model_turns.ts";

const call = (box: unknown) => callText("image_zoom_in_tool", { bbox_2d: box });
const turned = (angle: unknown) => callText("image_rotate_tool", { angle });
const step = (text: string, changes: Partial<EnvironmentSettings> = {}, turn: Partial<ModelTurn> = {}) =>
  stepWith(text, { tools: [zoom], ...changes }, turn);
const names = ["saccade", "verl", "deepeyes"] as const;

describe.each(names)("%s", (tool) => {
  test("an answer ends; so does a turn with neither, whose words may be judged all the same", async () => {
    expect(await step("<think>t</think> <answer> left </answer><|im_end|>", { tool })).toEqual({
      end: "answer",
      answer: "left",
      calls: [],
    });
    expect(await step("<think>t</think> It is left.<|im_end|>", { tool })).toEqual({
      end: "malformed",
      answer: "It is left.",
      calls: [],
    });
    expect(await step("<|im_end|>", { tool })).toEqual({ end: "malformed", answer: null, calls: [] });
  });

  test("one call too many ends with turns, a call without tools with malformed", async () => {
    expect((await step(call([10, 10, 90, 90]), { tool }, { mayCall: false })).end).toBe("turns");
    expect((await step(call([10, 10, 90, 90]), { tool }, { offersTools: false })).end).toBe("malformed");
  });

  test("a bad box is answered", async () => {
    expect(await step(call([90, 10, 10, 90]), { tool })).toMatchObject({
      end: null,
      picture: null,
      text: expect.stringContaining("Error"),
      call: { outcome: "bad_box" },
    });
  });

  test("a tool that is not offered is unknown", async () => {
    const result = await step(callText("image_mend_tool", {}), { tool });
    expect(result).toMatchObject({
      end: null,
      picture: null,
      call: { name: "image_mend_tool", outcome: "unknown_tool" },
    });
    expect(result).toMatchObject({
      text: {
        saccade: "Error: there is no such tool; the only one is image_zoom_in_tool",
        verl: "Error when executing tool: 'image_mend_tool'",
        deepeyes: "Error: Unknown tool name: image_mend_tool",
      }[tool],
    });
  });
});

test("saccade cuts the original, verl the model input, deepeyes the original by numbers of the model input", async () => {
  const sizes = names.map(async (tool) => {
    const result = await step(call([20, 10, 100, 90]), { tool });
    if (result.end !== null || !result.picture) throw new Error("no crop");
    const { width, height } = result.picture;
    return { width, height, box: result.call.boxSourcePx, caption: result.caption };
  });
  expect(await Promise.all(sizes)).toEqual([
    {
      width: 160,
      height: 160,
      box: [40, 20, 200, 180],
      caption: "Zoomed in on image 0 to the region [20,10,100,90]; this is image 1.",
    },
    {
      width: 80,
      height: 80,
      box: [40, 20, 200, 180],
      caption: "Zoomed in on the image to the region [20, 10, 100, 90].",
    },
    { width: 80, height: 80, box: [20, 10, 100, 90], caption: "" },
  ]);
});

test("of an answer and a call, verl carries the call out, deepeyes and saccade take the answer", async () => {
  const text = `${call([20, 10, 100, 90]).replace("<|im_end|>", "")}<answer>left</answer><|im_end|>`;
  const ends = await Promise.all(names.map(async (tool) => (await step(text, { tool })).end));
  expect(ends).toEqual(["answer", null, "answer"]);
});

test("text that is no JSON: verl passes over it, the others answer", async () => {
  const text = "<tool_call>zoom there</tool_call><|im_end|>";
  expect((await step(text, { tool: "verl" })).end).toBe("malformed");
  expect(await step(text, { tool: "deepeyes" })).toMatchObject({
    end: null,
    text: expect.stringContaining("Invalid tool call format"),
    call: { outcome: "not_json" },
  });
  expect(await step(text)).toMatchObject({ end: null, text: "Error: the tool call is not valid JSON" });
  expect(await step("<tool_call>{", {})).toMatchObject({ end: null, call: { outcome: "not_json" } });
  expect(await step("<tool_call>[1]</tool_call>")).toMatchObject({
    text: "Error: the tool call must be a JSON object with name and arguments",
    call: { name: "", outcome: "not_json" },
  });
  expect(await step(text, { toolErrors: "end" })).toMatchObject({ end: "malformed", calls: [{ outcome: "not_json" }] });
});

test("deepeyes carries rotation out whether it is offered or not, the others where it is", async () => {
  const carriedOut = { end: null, call: { name: "image_rotate_tool", outcome: "ok", rotateDegrees: 90 } };
  expect(await step(turned(90), { tool: "deepeyes" })).toMatchObject(carriedOut);
  expect(await step(turned(90))).toMatchObject({ end: null, picture: null, call: { outcome: "unknown_tool" } });
  for (const tool of names) expect(await stepWith(turned(90), { tool })).toMatchObject(carriedOut);
  expect(await stepWith(turned("a"))).toMatchObject({ call: { outcome: "bad_arguments" } });
});

test.each(["verl", "deepeyes"] as const)("%s: a row without a picture has nothing to zoom into", async (tool) => {
  expect(await step(call([0, 0, 50, 50]), { tool }, { views: [] })).toMatchObject({ end: null, picture: null });
});

test("the crop's controls hold in every environment", async () => {
  for (const tool of names) {
    const cut = async (crop: EnvironmentSettings["crop"]) => {
      const result = await step(call([20, 10, 100, 90]), { tool, crop });
      if (result.end !== null || !result.picture) throw new Error("no crop");
      return result.picture;
    };
    const source = await cut("source");
    expect((await cut("blank")).data.every((level) => level === 128)).toBe(true);
    expect((await cut("shuffled")).data).not.toEqual(source.data);
    expect(await cut("shuffled")).toMatchObject({ width: source.width, height: source.height });
  }
});
