import { afterAll, describe, expect, test } from "vitest";
import { openOnnxRuntime } from "../../../src/app/deno/gpu/onnx_runtime.ts";
import { externalFiles } from "../../../src/onnx/runtime/external_files.ts";
import type { OnnxFiles, OnnxTensor } from "../../../src/onnx/runtime/runtime.ts";
import { gpu } from "../../support/device.ts";
import { onnxGraph, reluGraph, type TestGraph } from "../../support/onnx_graph.ts";

const runtime = await openOnnxRuntime(null);

const files = (graph: Partial<TestGraph> = {}, external: OnnxFiles["external"] = []): OnnxFiles => ({
  name: "small.onnx",
  model: onnxGraph({ ...reluGraph, ...graph }),
  external,
});
const float = (shape: number[], ...values: number[]): OnnxTensor => ({
  dtype: "float32",
  shape,
  data: new Float32Array(values),
});

/** x = (1, 1), (0, 2) through the graph above. */
const x = float([2, 2], 1, 1, 0, 2);
const y = [5, 3, 0, 8, 10, 0];

const small = await runtime.open(files());
afterAll(() => small.close());

test("a graph runs on the processor, and says what it takes", async () => {
  expect(runtime.label).toMatch(/^onnxruntime-web \d+\.\d+\.\d+, wasm$/);
  expect(runtime.onGpu).toBe(false);
  expect(small.inputs).toEqual([{ name: "x", dtype: "float32", shape: ["n", 2] }]);
  const { y: found } = await small.run({ x });
  expect(found!.shape).toEqual([2, 3]);
  expect([...(await runtime.read(found!))].map(Number)).toEqual(y);
});

test("runs that are asked for at once wait for each other", async () => {
  const all = await Promise.all([1, 2, 3].map((factor) => small.run({ x: float([1, 2], factor, factor) })));
  expect(all.map(({ y }) => Number(y!.data![0]))).toEqual([5, 10, 15]);
});

test("float16 comes and goes as bits, int64 as big integers", async () => {
  const half = await runtime.open(
    files({
      nodes: [{ op: "Add", inputs: ["x", "W"], outputs: ["y"] }],
      inputs: [{ name: "x", dtype: "float16", shape: [2] }],
      outputs: [{ name: "y", dtype: "float16", shape: [2] }],
      weights: [{ name: "W", dtype: "float16", shape: [2], data: new Uint16Array([0x3c00, 0x4000]) }],
    }),
  );
  const ones: OnnxTensor = { dtype: "float16", shape: [2], data: new Uint16Array([0x3c00, 0x3c00]) };
  expect((await half.run({ x: ones })).y!.data).toEqual(new Uint16Array([0x4000, 0x4200]));
  await half.close();
  const whole = await runtime.open(
    files({
      nodes: [{ op: "Neg", inputs: ["x"], outputs: ["y"] }],
      inputs: [{ name: "x", dtype: "int64", shape: [] }],
      outputs: [{ name: "y", dtype: "int64", shape: [] }],
      weights: [],
    }),
  );
  const large: OnnxTensor = { dtype: "int64", shape: [], data: new BigInt64Array([2n ** 60n]) };
  expect((await whole.run({ x: large })).y).toEqual({
    dtype: "int64",
    shape: [],
    data: new BigInt64Array([-(2n ** 60n)]),
  });
  await whole.close();
});

test("on our device it takes our buffers, and its outputs stay there until they are given back", async () => {
  const onDevice = await openOnnxRuntime(gpu.device);
  expect(onDevice).toMatchObject({ onGpu: true, label: expect.stringContaining("WebGPU") });
  const graph = await onDevice.open(files(), ["y"]);
  const tensor = gpu.upload("x", x.data as Float32Array, [2, 2]);
  const { y: found } = await graph.run({ x: { dtype: "float32", shape: [2, 2], buffer: tensor.buffer as GPUBuffer } });
  expect(found!.data).toBeUndefined();
  expect([...(await onDevice.read(found!))].map(Number)).toEqual(y);
  // Straight back into a graph, without a way over the host.
  const { y: fromHost } = await graph.run({ x });
  expect([...(await onDevice.read(fromHost!))].map(Number)).toEqual(y);
  onDevice.release(found!);
  onDevice.release(found!);
  onDevice.release(fromHost!);
  await graph.close();
});

describe("what is wrong is said in one sentence", () => {
  const weight = { name: "W", shape: [2, 3] };
  const bytes = new Uint8Array(24);
  const outside = (location: string) => files({ weights: [{ ...weight, location }] }, [{ path: location, bytes }]);

  test.each<[string, OnnxFiles, string]>([
    [
      "an operator that it does not have",
      files({ nodes: [{ op: "Frobnicate", inputs: ["x"], outputs: ["y"] }] }),
      "small.onnx uses the operator Frobnicate of opset 17, which onnxruntime-web",
    ],
    [
      "a domain that it does not have",
      files({ nodes: [{ op: "Blur", domain: "org.example", inputs: ["x"], outputs: ["y"] }] }),
      "small.onnx uses the operator org.example:Blur, which onnxruntime-web",
    ],
    ["a later opset", files({ opset: 99 }), "small.onnx is of opset 99, and onnxruntime-web"],
    [
      "no graph",
      { name: "small.onnx", model: new Uint8Array(9).fill(255), external: [] },
      "small.onnx is not an ONNX graph",
    ],
    [
      "an empty file",
      { name: "small.onnx", model: new Uint8Array(0), external: [] },
      "small.onnx is not an ONNX graph",
    ],
    [
      "weights in a file that is not there",
      files({ weights: [{ ...weight, location: "small.onnx_data" }] }),
      "small.onnx has weights in small.onnx_data, which is not beside it",
    ],
    [
      "weights in a file that ends before them",
      files({ weights: [{ ...weight, location: "small.onnx_data" }] }, [
        { path: "small.onnx_data", bytes: new Uint8Array(8) },
      ]),
      "small.onnx expects more weights than small.onnx_data holds",
    ],
    ["weights above the folder", outside("../small.onnx_data"), 'weights in "../small.onnx_data", outside its folder'],
    ["weights at a place of the disk", outside("/etc/passwd"), 'weights in "/etc/passwd", outside its folder'],
    ["weights at a place of Windows", outside("C:\\x"), "outside its folder"],
    ["weights behind a folder", outside("a/../../b"), "outside its folder"],
    [
      "a dtype that no tensor here has",
      files({
        nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
        inputs: [{ name: "x", dtype: "float64", shape: [2] }],
        outputs: [{ name: "y", dtype: "float64", shape: [2] }],
      }),
      "small.onnx has a value x of dtype float64",
    ],
  ])("%s", async (_, given, sentence) => {
    const error = await runtime.open(given).catch((error: Error) => error);
    expect(error).toBeInstanceOf(Error);
    const { message } = error as Error;
    expect(message).toContain(sentence);
    expect(message).not.toMatch(/\n|ERROR_CODE|\/onnxruntime\//);
  });

  test.each<[string, Record<string, OnnxTensor>, string]>([
    ["no input", {}, "small.onnx needs its input x, which was not given: expected float32 (n, 2)"],
    ["an input more", { x, q: x }, "small.onnx has no input q: expected x"],
    [
      "another dtype",
      { x: { dtype: "int32", shape: [2, 2], data: new Int32Array(4) } },
      "expected float32 (n, 2), found int32 (2, 2)",
    ],
    ["another shape", { x: float([1, 3], 1, 2, 3) }, "expected float32 (n, 2), found float32 (1, 3)"],
    ["another rank", { x: float([2], 1, 2) }, "expected float32 (n, 2), found float32 (2)"],
    ["fewer elements", { x: float([2, 2], 1) }, "x has 1 elements, expected 4 for (2, 2)"],
  ])("%s", async (_, feeds, sentence) => {
    await expect(small.run(feeds)).rejects.toThrow(sentence);
    expect((await small.run({ x })).y!.shape).toEqual([2, 3]);
  });
});

test("weights of a file beside the graph are found, also in a folder below", async () => {
  const bytes = new Uint8Array(new Float32Array([1, -2, 3, 4, 5, -6]).buffer);
  for (const location of ["small.onnx_data", "./weights/small.onnx_data"]) {
    const given = files({ weights: [{ name: "W", shape: [2, 3], location }] });
    const paths = externalFiles(given.model, "small.onnx");
    expect(paths).toEqual([location.replace("./", "")]);
    const graph = await runtime.open({ ...given, external: paths.map((path) => ({ path, bytes })) });
    expect([...(await graph.run({ x })).y!.data!].map(Number)).toEqual(y);
    await graph.close();
  }
});
