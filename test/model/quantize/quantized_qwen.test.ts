import { expect, test } from "vitest";
import { dequantizeRows } from "../../../src/model/quantize/dequantize_rows.ts";
import { readPublished } from "../../../src/model/quantize/published.ts";
import { quantizedTensors } from "../../../src/model/quantize/quantized_tensors.ts";
import { type CheckpointFiles, openCheckpoint } from "../../../src/model/safetensors.ts";
import type { NamedBytes } from "../../../src/platform.ts";
import tokenizer from "../../golden/tokenizer-needle.json" with { type: "json" };
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
