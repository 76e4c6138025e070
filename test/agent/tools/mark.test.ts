import { expect, test } from "vitest";
import { mark } from "../../../src/agent/tools/mark.ts";
import { callText, contextWith, stepWith } from "../../support/model_turns.ts";

const flat = (side: number) => ({ width: side, height: side, data: new Uint8Array(side * side * 3).fill(9) });
const views = [{ original: flat(64), modelInput: flat(32) }];
const call = (given: object, frame: "relative-1000" | "input-pixels" = "relative-1000") =>
  mark.call(given as Record<string, unknown>, contextWith({ views, frame }));
const red = (x: number, y: number) => {
  const logged = { segment: 1, name: mark.name, outcome: "ok", details: { pointSourcePx: [x, y] } };
  const picture = mark.replay?.(logged, views, { crop: "source" });
  const found: number[][] = [];
  for (let i = 0; i < 64 * 64; i++) if (picture?.data[i * 3] === 255) found.push([i % 64, Math.floor(i / 64)]);
  return found;
};

test("finds the pixel that is meant in either frame, the last one at the end", async () => {
  const pointIn = async (point: number[], frame: "relative-1000" | "input-pixels") =>
    (await call({ point_2d: point }, frame)).record?.details?.pointSourcePx;
  expect(await pointIn([500, 250], "relative-1000")).toEqual([32, 16]);
  expect(await pointIn([16, 8.4], "input-pixels")).toEqual([32, 16]);
  expect(await pointIn([1000, 0], "relative-1000")).toEqual([63, 0]);
});

test("draws a cross of two pixels each way on a copy, and cuts it off at the edge", () => {
  expect(red(10, 20)).toEqual([
    [10, 18],
    [10, 19],
    [8, 20],
    [9, 20],
    [10, 20],
    [11, 20],
    [12, 20],
    [10, 21],
    [10, 22],
  ]);
  expect(red(0, 63)).toHaveLength(5);
  expect(views[0]?.original.data.every((level) => level === 9)).toBe(true);
});

test.each([
  [{ point_2d: [1001, 0] }, "bad_point", "Error: point_2d must lie inside the image, which ends at [1000, 1000]"],
  [{ point_2d: [0, 0], image_index: 1 }, "image_index", "Error: image_index must be a whole number from 0 to 0"],
  [{ point_2d: [0] }, "bad_arguments", "Error: point_2d must be a list of 2 numbers"],
  [{}, "bad_arguments", "Error: point_2d is missing"],
])("%j is answered", async (given, outcome, text) => {
  const result = await stepWith(callText(mark.name, given), { tools: [mark], frame: "relative-1000" }, { views });
  expect(result).toMatchObject({ end: null, text, picture: null, call: { outcome } });
});

test("is offered, carried out and replayed in every environment", async () => {
  for (const tool of ["saccade", "verl", "deepeyes"] as const)
    expect(
      await stepWith(callText(mark.name, { point_2d: [16, 16] }), { tools: [mark], tool }, { views }),
    ).toMatchObject({
      end: null,
      caption: "Marked [16, 16] in image 0; this is image 1.",
      picture: { width: 64 },
      call: { details: { pointSourcePx: [32, 32] } },
    });
  expect(() => mark.replay?.({ segment: 1, name: mark.name, outcome: "ok" }, views, { crop: "source" })).toThrow(
    "its point is not two whole numbers",
  );
});
