import { describe, expect, test } from "vitest";
import type { ToolContext, ToolResult, View } from "../../../src/agent/tools/tool.ts";
import { zoom } from "../../../src/agent/tools/zoom.ts";
import type { Box } from "../../../src/image/pixels.ts";
import { askedTask, contextWith, stepWith, viewOf } from "../../support/model_turns.ts";

const scene = viewOf(512, 512);
const call = async (
  box: unknown,
  { rest = {}, ...changes }: Partial<ToolContext> & { rest?: object } = {},
): Promise<ToolResult> => zoom.call({ bbox_2d: box, ...rest }, contextWith({ views: [scene], ...changes }));
const boxOf = async (box: number[], views: View[] = [scene], changes: Partial<ToolContext> = {}) =>
  (await call(box, { views, ...changes })).record?.boxSourcePx;
const cut = (box: Box, views: View[], crop: ToolContext["crop"] = "source", imageIndex = 0) =>
  zoom.replay?.({ segment: 1, name: zoom.name, outcome: "ok", boxSourcePx: box, imageIndex }, views, { crop });

describe("zoom", () => {
  test("takes the square about the box's centre, in source pixels", async () => {
    const { record, outcome } = await call([250, 500, 500, 625], { rest: { label: "the red square" } });
    // 128..256 by 256..320 px: a square of 128 about (192, 288).
    expect(outcome).toBeUndefined();
    expect(record).toEqual({
      boxWritten: [250, 500, 500, 625],
      imageIndex: 0,
      label: "the red square",
      boxSourcePx: [128, 224, 256, 352],
    });
    const picture = cut([128, 224, 256, 352], [scene]);
    expect([picture?.width, picture?.height]).toEqual([128, 128]);
    expect([...(picture?.data.slice(0, 3) ?? [])]).toEqual([128, 224, 7]);
    expect([...(picture?.data.slice(-3) ?? [])]).toEqual([255, 351 % 256, 7]);
  });

  test("widens to the least side, moves inside the picture, rounds to whole pixels", async () => {
    expect(await boxOf([500, 500, 510, 510])).toEqual([243, 243, 275, 275]);
    expect(await boxOf([0, 0, 10, 10])).toEqual([0, 0, 32, 32]);
    expect(await boxOf([990, 990, 1000, 1000])).toEqual([480, 480, 512, 512]);
    expect(await boxOf([820, 0, 1000, 230])).toEqual([394, 0, 512, 118]);
    expect(await boxOf([0, 0, 1000, 1000])).toEqual([0, 0, 512, 512]);
  });

  test("holds the whole box where the picture is too narrow for a square", async () => {
    expect(await boxOf([100, 0, 900, 500], [viewOf(1000, 300)])).toEqual([100, 0, 900, 300]);
    expect(await boxOf([0, 0, 500, 500], [viewOf(20, 10)])).toEqual([0, 0, 20, 10]);
  });

  test("every good box gives a crop inside the picture that holds it, to the pixel", async () => {
    const picture = viewOf(301, 217);
    for (let i = 0; i < 200; i++) {
      const [x, y] = [(i * 37) % 900, (i * 53) % 900];
      const [xEnd, yEnd] = [x + 1 + ((i * 11) % 100), y + 1 + ((i * 7) % 100)];
      const [left, top, right, bottom] = (await boxOf([x, y, xEnd, yEnd], [picture])) ?? [0, 0, 0, 0];
      expect(right - left).toBe(bottom - top);
      expect(right - left).toBeGreaterThanOrEqual(32);
      expect(Math.min(left, top, 301 - right, 217 - bottom)).toBeGreaterThanOrEqual(0);
      const outside = [x * 0.301 - left, y * 0.217 - top, right - xEnd * 0.301, bottom - yEnd * 0.217];
      expect(Math.min(...outside)).toBeGreaterThan(-1.01);
    }
  });

  test("reads pixels of the model input where that is the frame", async () => {
    expect(await boxOf([16, 16, 32, 32], [scene], { frame: "input-pixels" })).toEqual([128, 128, 256, 256]);
    expect(await call([0, 0, 65, 64], { frame: "input-pixels" })).toMatchObject({ outcome: "bad_box" });
  });

  test("gives grey of the same size in the control", () => {
    const picture = cut([128, 128, 256, 256], [scene], "blank");
    expect([picture?.width, picture?.height]).toEqual([128, 128]);
    expect(new Set(picture?.data)).toEqual(new Set([128]));
    expect(scene.original.data[2]).toBe(7);
  });

  test("measures the overlap with the gold box, in picture 0 only", async () => {
    const task = { ...askedTask, goldBoxSourcePx: [128, 128, 192, 256] satisfies Box as Box };
    expect((await call([250, 250, 500, 500], { task })).record?.iou).toBeCloseTo(0.5, 12);
    const second = await call([250, 250, 500, 500], { task, views: [scene, scene], rest: { image_index: 1 } });
    expect(second.record?.iou).toBeUndefined();
  });

  test("can look closer at an earlier crop", async () => {
    const first = cut([256, 256, 384, 384], [scene]);
    if (!first) throw new Error("no crop");
    const views = [scene, { original: first, modelInput: first }];
    const { record } = await call([500, 500, 1000, 1000], { views, rest: { image_index: 1 } });
    expect(record).toMatchObject({ imageIndex: 1, boxSourcePx: [64, 64, 128, 128] });
    const second = cut([64, 64, 128, 128], views, "source", 1);
    expect([...(second?.data.slice(0, 2) ?? [])]).toEqual([(256 + 64) % 256, (256 + 64) % 256]);
  });

  const written = (box: unknown, rest: object = {}) =>
    JSON.stringify({ name: "image_zoom_in_tool", arguments: { bbox_2d: box, ...rest } });
  test.each([
    ["not JSON", "{oops}", "not_json"],
    ["NaN", '{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [NaN, 0, 1, 1]}}', "not_json"],
    ["a list", "[1]", "not_json"],
    ["another tool", '{"name": "image_rotate_tool", "arguments": {}}', "unknown_tool"],
    ["no name", '{"arguments": {}}', "unknown_tool"],
    ["no arguments", '{"name": "image_zoom_in_tool"}', "bad_arguments"],
    ["no box", written(undefined), "bad_arguments"],
    ["three numbers", written([1, 2, 3]), "bad_arguments"],
    ["text for numbers", written(["1", "2", "3", "4"]), "bad_arguments"],
    ["a text of four characters", written("0099"), "bad_arguments"],
    [
      "an overflowing number",
      '{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 1e999, 10]}}',
      "bad_arguments",
    ],
    ["inverted", written([30, 20, 10, 40]), "bad_box"],
    ["empty", written([10, 20, 10, 40]), "bad_box"],
    ["left of the picture", written([-10, 20, 30, 40]), "bad_box"],
    ["right of the picture", written([10, 20, 1001, 40]), "bad_box"],
    ["no such picture", written([10, 20, 30, 40], { image_index: 1 }), "image_index"],
    ["a picture index that is no whole number", written([10, 20, 30, 40], { image_index: 0.5 }), "image_index"],
    ["a picture index that is text", written([10, 20, 30, 40], { image_index: "0" }), "image_index"],
  ])("%s is answered with an outcome and a sentence", async (_, json, outcome) => {
    const text = `<tool_call>${json}</tool_call>`;
    const result = await stepWith(text, { frame: "relative-1000", tools: [zoom] }, { views: [scene] });
    expect(result).toMatchObject({
      end: null,
      picture: null,
      text: expect.stringMatching(/^Error: /),
      call: { outcome, message: expect.stringMatching(/^Error: /) },
    });
    expect(result).not.toHaveProperty("call.boxSourcePx");
  });

  test("says what is wrong with a logged box instead of cutting it", () => {
    expect(() => cut([0, 0, 513, 10], [scene])).toThrow("it cuts [0, 0, 513, 10] out of a picture of 512 × 512 pixels");
    expect(() => cut([0, 0, 1, 1], [scene], "source", 3)).toThrow("it is about picture 3, of 1");
  });
});
