import { expect, test } from "vitest";
import { PpOcrReader } from "../../../src/onnx/reader/ppocr_reader.ts";
import type { OnnxRuntime, OnnxTensor } from "../../../src/onnx/runtime/runtime.ts";

/** Classes: none, a, b, space. */
const keys = "a\nb\n";
const likely = (of: number) => Array.from({ length: 4 }, (_, one) => (one === of ? 0.7 : 0.1));

/** A runtime whose graph gives these classes step by step for every part, and keeps what it was given. */
function reading(classes: readonly number[], outputs = 4) {
  const given: OnnxTensor[] = [];
  const graph = {
    inputs: [{ name: "x", dtype: "float32", shape: ["n", 3, 48, "w"] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["n", "t", outputs] }],
    run: async ({ x }: Record<string, OnnxTensor>) => {
      given.push(x!);
      const rows = x!.shape[0]!;

      const all = Array.from({ length: rows }, () => classes.flatMap(likely)).flat();
      return { y: { dtype: "float32", shape: [rows, classes.length, 4], data: new Float32Array(all) } };
    },
    close: async () => {},
  };
  const runtime = { open: async () => graph } as unknown as OnnxRuntime;
  return { given, runtime, files: { model: new Uint8Array(0), keys } };
}

const picture = (width: number, height: number) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => [255, 0, 51][i % 3]!),
});

test("letters are those of the likeliest classes, repetitions once unless none stands between", async () => {
  const { runtime, files } = reading([0, 1, 1, 0, 1, 2, 3, 0]);
  const reader = await PpOcrReader.open(runtime, files);
  const found = await reader.read(picture(60, 60));
  expect(found).toHaveLength(14);
  expect(found[0]).toEqual({ text: "aab", confidence: expect.closeTo(0.7, 6) });
});

test("nothing read is left out", async () => {
  const { runtime, files } = reading([0, 0, 3]);
  expect(await (await PpOcrReader.open(runtime, files)).read(picture(60, 60))).toEqual([]);
});

test("parts are 48 px high, as wide as the picture's shape, blue first and from -1 to 1", async () => {
  const { given, runtime, files } = reading([0]);
  const reader = await PpOcrReader.open(runtime, files);
  await reader.read(picture(96, 48));
  await reader.read(picture(20, 100));
  await reader.read(picture(1000, 20));
  expect(given.map(({ shape }) => shape)).toEqual([
    [14, 3, 48, 96],
    [14, 3, 48, 48],
    [14, 3, 48, 320],
  ]);
  const [{ data }] = given as [OnnxTensor];
  const area = 48 * 96;
  expect([0, 1, 2].map((channel) => Number(data![channel * area]))).toEqual([expect.closeTo(-0.6, 6), -1, 1]);
});

test("a graph of other letters is refused", async () => {
  const { runtime, files } = reading([0], 9);
  await expect(PpOcrReader.open(runtime, files)).rejects.toThrow(
    "Expected a graph that recognises 4 letters, as many as the file of keys has with none and the space, found 9",
  );
});
