import { describe, expect, test } from "vitest";
import { intersectionOverUnion } from "../../../src/agent/box_overlap.ts";
import { type View, type ZoomSettings, zoom, zoomSchema } from "../../../src/agent/tools/zoom.ts";
import type { Pixels } from "../../../src/image/pixels.ts";

/** Red is the column, green the row (modulo 256), so that a crop tells where it was cut. */
function gradient(width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([x % 256, y % 256, 7], (y * width + x) * 3);
  return { width, height, data };
}

const thumbnail = (): Pixels => ({ width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) });
const view = (width: number, height: number): View => ({ original: gradient(width, height), modelInput: thumbnail() });
const scene = view(512, 512);
const settings: ZoomSettings = { frame: "relative-1000", minSidePx: 32, crop: "source" };
const written = (box: unknown, rest: object = {}) =>
  JSON.stringify({ name: "image_zoom_in_tool", arguments: { bbox_2d: box, ...rest } });
const boxOf = (box: number[], views: View[] = [scene], changes: Partial<ZoomSettings> = {}) =>
  zoom(written(box), views, { ...settings, ...changes }).call.boxSourcePx;

describe("zoom", () => {
  test("cuts the square about the box's centre from the source pixels", () => {
    const { call, cut } = zoom(written([250, 500, 500, 625], { label: "the red square" }), [scene], settings);
    // 128..256 by 256..320 px: a square of 128 about (192, 288).
    expect(call).toEqual({
      name: "image_zoom_in_tool",
      outcome: "ok",
      boxWritten: [250, 500, 500, 625],
      imageIndex: 0,
      label: "the red square",
      boxSourcePx: [128, 224, 256, 352],
    });
    expect([cut!.width, cut!.height]).toEqual([128, 128]);
    expect([...cut!.data.slice(0, 3)]).toEqual([128, 224, 7]);
    expect([...cut!.data.slice(-3)]).toEqual([255, 351 % 256, 7]);
  });

  test("widens to the least side, moves inside the picture, rounds to whole pixels", () => {
    expect(boxOf([500, 500, 510, 510])).toEqual([243, 243, 275, 275]);
    expect(boxOf([0, 0, 10, 10])).toEqual([0, 0, 32, 32]);
    expect(boxOf([990, 990, 1000, 1000])).toEqual([480, 480, 512, 512]);
    expect(boxOf([820, 0, 1000, 230])).toEqual([394, 0, 512, 118]);
    expect(boxOf([0, 0, 1000, 1000])).toEqual([0, 0, 512, 512]);
  });

  test("holds the whole box where the picture is too narrow for a square", () => {
    expect(boxOf([100, 0, 900, 500], [view(1000, 300)])).toEqual([100, 0, 900, 300]);
    expect(boxOf([0, 0, 500, 500], [view(20, 10)])).toEqual([0, 0, 20, 10]);
  });

  test("every good box gives a crop inside the picture that holds it, to the pixel", () => {
    const box = (i: number): number[] => [
      (i * 37) % 900,
      (i * 53) % 900,
      ((i * 37) % 900) + 1 + ((i * 11) % 100),
      ((i * 53) % 900) + 1 + ((i * 7) % 100),
    ];
    const picture = view(301, 217);
    for (let i = 0; i < 200; i++) {
      const [left, top, right, bottom] = boxOf(box(i), [picture])!;
      const [x1, y1, x2, y2] = box(i).map((n, k) => (n / 1000) * (k % 2 ? 217 : 301)) as [
        number,
        number,
        number,
        number,
      ];
      expect(right - left).toBe(bottom - top);
      expect(right - left).toBeGreaterThanOrEqual(32);
      expect(Math.min(left, top, 301 - right, 217 - bottom)).toBeGreaterThanOrEqual(0);
      expect(Math.min(x1 - left, y1 - top, right - x2, bottom - y2)).toBeGreaterThan(-1.01);
    }
  });

  test("reads pixels of the picture as shown where that is the frame", () => {
    expect(boxOf([16, 16, 32, 32], [scene], { frame: "shown-pixels" })).toEqual([128, 128, 256, 256]);
    expect(zoom(written([0, 0, 65, 64]), [scene], { ...settings, frame: "shown-pixels" }).call.outcome).toBe("bad_box");
  });

  test("answers with grey of the same size in the control", () => {
    const { call, cut } = zoom(written([250, 250, 500, 500]), [scene], { ...settings, crop: "blank" });
    expect(call.outcome).toBe("ok");
    expect([cut!.width, cut!.height]).toEqual([128, 128]);
    expect(new Set(cut!.data)).toEqual(new Set([128]));
    expect(scene.original.data[2]).toBe(7);
  });

  test("measures the overlap with the gold box, in picture 0 only", () => {
    const gold: [number, number, number, number] = [128, 128, 192, 256];
    expect(zoom(written([250, 250, 500, 500]), [scene], settings, gold).call.iou).toBeCloseTo(0.5, 12);
    expect(
      zoom(written([250, 250, 500, 500], { image_index: 1 }), [scene, scene], settings, gold).call.iou,
    ).toBeUndefined();
  });

  test("can look closer at an earlier crop", () => {
    const first = { original: zoom(written([500, 500, 750, 750]), [scene], settings).cut!, modelInput: thumbnail() };
    const { call, cut: second } = zoom(written([500, 500, 1000, 1000], { image_index: 1 }), [scene, first], settings);
    expect(call).toMatchObject({ outcome: "ok", imageIndex: 1, boxSourcePx: [64, 64, 128, 128] });
    expect([...second!.data.slice(0, 2)]).toEqual([(256 + 64) % 256, (256 + 64) % 256]);
  });

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
  ])("%s is answered with an outcome and a sentence", (_, json, outcome) => {
    const result = zoom(json, [scene], settings);
    expect(result.call).toMatchObject({ outcome, message: expect.stringMatching(/^Error: /) });
    expect(result.cut).toBeUndefined();
    expect(result.call.boxSourcePx).toBeUndefined();
  });
});

test("the schema is JSON and names the tool and its arguments", () => {
  const { function: tool } = JSON.parse(zoomSchema);
  expect(tool.name).toBe("image_zoom_in_tool");
  expect(Object.keys(tool.parameters.properties)).toEqual(["bbox_2d", "label"]);
});

test("intersectionOverUnion of equal, half, disjoint and empty boxes", () => {
  expect(intersectionOverUnion([0, 0, 4, 4], [0, 0, 4, 4])).toBe(1);
  expect(intersectionOverUnion([0, 0, 4, 4], [2, 0, 6, 4])).toBeCloseTo(1 / 3, 12);
  expect(intersectionOverUnion([0, 0, 4, 4], [4, 0, 6, 4])).toBe(0);
  expect(intersectionOverUnion([0, 0, 0, 0], [0, 0, 0, 0])).toBe(0);
});
