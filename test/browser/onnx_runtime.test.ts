import { expect, test } from "vitest";
import { openOnnxRuntime } from "../../src/app/web/worker/onnx_runtime.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { onnxGraph, reluGraph } from "../support/onnx_graph.ts";

const files = { name: "small.onnx", model: onnxGraph(reluGraph), external: [] };
const x = { dtype: "float32", shape: [1, 2], data: new Float32Array([1, 1]) } as const;

test("a graph runs in the page on the processor and on the page's own device, its outputs staying there", async () => {
  const processor = await openOnnxRuntime(null);
  const onProcessor = await processor.open(files);
  expect([...(await onProcessor.run({ x })).y!.data!].map(Number)).toEqual([5, 3, 0]);
  await onProcessor.close();

  const gpu = await Gpu.open(navigator.gpu);
  const device = await openOnnxRuntime(gpu.device);
  const onDevice = await device.open(files, ["y"]);
  const { buffer } = gpu.upload("x", x.data, x.shape);
  const { y } = await onDevice.run({ x: { dtype: "float32", shape: x.shape, buffer: buffer as GPUBuffer } });
  expect(y!.buffer).toBeInstanceOf(GPUBuffer);
  expect([...(await device.read(y!))].map(Number)).toEqual([5, 3, 0]);
  device.release(y!);
  await onDevice.close();
  gpu.device.destroy();
});

test("what it cannot run is a sentence", async () => {
  const runtime = await openOnnxRuntime(null);
  const later = { ...files, model: onnxGraph({ ...reluGraph, opset: 99 }) };
  await expect(runtime.open(later)).rejects.toThrow("small.onnx is of opset 99, and onnxruntime-web");
});
