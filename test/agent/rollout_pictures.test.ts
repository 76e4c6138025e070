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
  const replayed = (crop: "source" | "blank") => [...rolloutPictures({ calls }, [{ original: source }], { crop })];
  expect(replayed("source").map(({ original }) => corner(original))).toEqual([
    [8, 4, 0, 31],
    [4, 2, 10, 21],
    [2, 1, 19, 20],
  ]);
  expect(replayed("source").map(({ call }) => call)).toEqual([null, calls[0], calls[3]]);
  expect(replayed("blank").map(({ original }) => corner(original))).toEqual([
    [8, 4, 0, 31],
    [4, 2, 128, 128],
    [2, 1, 128, 128],
  ]);
});

test("a crop that did not fit into the response is none of the model's", () => {
  const segment = (from: "prompt" | "model" | "tool") => ({
    source: from,
    tokens: [1],
    logprobs: [],
    entropies: [],
    images: [],
  });
  const turns = [segment("prompt"), segment("model"), segment("tool"), segment("model")];
  const calls = [call([2, 1, 6, 3]), call([0, 0, 4, 4], { segment: 3 })];
  const pictures = (segments: typeof turns) =>
    [...rolloutPictures({ calls, segments }, [{ original: source }], { crop: "source" })].map((one) => one.call);
  expect(pictures(turns)).toEqual([null, calls[0]]);
  expect(pictures([...turns, segment("tool")])).toEqual([null, ...calls]);
});

test("verl's zoom is cut from the model input where that is at hand", () => {
  const small: Pixels = { width: 4, height: 2, data: new Uint8Array(4 * 2 * 3).fill(9) };
  const calls = [call([2, 0, 6, 4], { boxShownPx: [1, 0, 3, 2] })];
  const last = (modelInput?: Pixels) =>
    [...rolloutPictures({ calls }, [{ original: source, ...(modelInput && { modelInput }) }], { crop: "source" })].at(
      -1,
    );
  expect(last(small)?.original).toMatchObject({ width: 2, height: 2 });
  expect(last()?.original).toMatchObject({ width: 4, height: 4 });
});

test.each([
  ["a tool that is not loaded", { name: "own_tool" }, "call 1: the tool own_tool is not loaded"],
  ["a picture that was not kept", { pictureKept: false }, "call 1: image_zoom_in_tool gave a picture that the log"],
  ["a picture that there is not", { imageIndex: 2 }, "call 1: it is about picture 2, of 1"],
] as const)("%s is said in one sentence", (_, rest, sentence) => {
  const calls = [call([0, 0, 1, 1], rest)];
  expect(() => [...rolloutPictures({ calls }, [{ original: source }], { crop: "source" })]).toThrow(sentence);
});
