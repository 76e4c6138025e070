import { expect, test } from "vitest";
import type { ToolCall } from "../../src/agent/rollout.ts";
import { rolloutPictures } from "../../src/agent/rollout_pictures.ts";
import type { Box, Pixels } from "../../src/image/pixels.ts";

/** Every pixel says where it is. */
const source: Pixels = {
  width: 8,
  height: 4,
  data: Uint8Array.from({ length: 8 * 4 * 3 }, (_, i) => Math.floor(i / 3)),
};
const call = (boxSourcePx: Box, rest: Partial<ToolCall> = {}): ToolCall => ({
  segment: 1,
  name: "image_zoom_in_tool",
  outcome: "ok",
  boxSourcePx,
  ...rest,
});
const corner = ({ width, height, data }: Pixels) => [width, height, data[0], data.at(-1)];

test("a rollout's pictures come back from its log: the task's, then crops, then crops of crops", () => {
  const calls = [
    call([2, 1, 6, 3]),
    call([0, 0, 1, 1], { outcome: "bad_box" }),
    { segment: 3, name: "", outcome: "not_json" as const },
    call([1, 1, 3, 2], { imageIndex: 1 }),
  ];
  const pictures = rolloutPictures({ calls }, [source], { crop: "source" });
  expect(pictures.map(corner)).toEqual([
    [8, 4, 0, 31],
    [4, 2, 10, 21],
    [2, 1, 19, 20],
  ]);
  expect(rolloutPictures({ calls }, [source], { crop: "blank" }).map(corner)).toEqual([
    [8, 4, 0, 31],
    [4, 2, 128, 128],
    [2, 1, 128, 128],
  ]);
});
