import { describe, expect, test } from "vitest";
import { Gpu } from "../../../src/gpu/gpu.ts";
import { type CheckpointFiles, openCheckpoint } from "../../../src/model/checkpoint_files.ts";
import { loadModel } from "../../../src/model/load.ts";
import { dequantizeRows } from "../../../src/model/quantize/dequantize_rows.ts";
import { readPublished } from "../../../src/model/quantize/published.ts";
import { quantizedTensors } from "../../../src/model/quantize/quantized_tensors.ts";
import type { NamedBytes } from "../../../src/platform.ts";
import tokenizer from "../../golden/tokenizer-needle.json" with { type: "json" };
import { gpu } from "../../support/device.ts";
import { quantizedQwenFiles } from "../../support/quantized_qwen.ts";

const folder = (files: NamedBytes[]): CheckpointFiles => ({
  sizeBytes: async (name) => files.find((file) => file.name === name)?.bytes.length ?? null,
  read: async (name, start, end) => files.find((file) => file.name === name)!.bytes.slice(start, end),
});

test.each(["awq", "gptq"] as const)("a whole model of %s: its layers mean what the plain one holds", async (method) => {
  const { quantized: files, plain } = await quantizedQwenFiles(tokenizer, method);
  const config = JSON.parse(new TextDecoder().decode(files.find(({ name }) => name === "config.json")!.bytes));
  const { quantized, others } = await quantizedTensors(readPublished(config), await openCheckpoint(folder(files)));
  expect(quantized.length).toBe(14);
  const wanted = new Map((await openCheckpoint(folder(plain))).map((tensor) => [tensor.name, tensor]));
  expect(quantized.length + others.length).toBe(wanted.size);
  for (const { name, shape, form, parts } of quantized) {
    const values = new Float32Array(shape[0] * shape[1]);
    for await (const { firstRow, ...rows } of parts())
      values.set(dequantizeRows(rows, shape[1], form), firstRow * shape[1]);
    expect(wanted.get(name)!.shape).toEqual(shape);
    expect(values, name).toEqual(await wanted.get(name)!.values());
    expect(values.some((value) => value !== 0)).toBe(true);
  }
});

describe("on the device", () => {
  const name = "model.language_model.layers.1.mlp.down_proj.weight";
  const loaded = async (device: Gpu, options: Parameters<typeof loadModel>[2]) => {
    const { quantized, plain } = await quantizedQwenFiles(tokenizer, "gptq");
    const { parameters } = await loadModel(device, folder(quantized), options);
    const tensor = parameters.get(name);
    const values = (await parameters.read()).get(name)!;
    parameters.free();
    const wanted = (await openCheckpoint(folder(plain))).find((one) => one.name === name)!;
    expect(values).toEqual(await wanted.values());
    return tensor;
  };

  test("weights stay in four bits where they are not trained", async () => {
    const tensor = await loaded(gpu, { trained: false });
    expect([tensor.dtype, tensor.block, tensor.scales!.shape]).toEqual(["i4", 32, [32, 2]]);
  });

  test("asked for fewer bits they stay as published, asked for f32 they are what they stand for", async () => {
    expect((await loaded(gpu, { trained: false, baseDtype: "nf4" })).dtype).toBe("i4");
    expect((await loaded(gpu, { trained: false, baseDtype: "f32" })).dtype).toBe("f32");
    expect((await loaded(gpu, { trained: true })).dtype).toBe("f32");
  });

  test("without the fast ways they are what they stand for", async () => {
    const plain = await Gpu.open(navigator.gpu, { plain: true });
    expect((await loaded(plain, { trained: false })).dtype).toBe("f32");
    plain.close();
  });
});
