import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../../../src/model/checkpoint_files.ts";
import { dequantizeRows } from "../../../src/model/quantize/dequantize_rows.ts";
import { readPublished } from "../../../src/model/quantize/published.ts";
import { quantizedTensors } from "../../../src/model/quantize/quantized_tensors.ts";
import { type RawTensor, rawSafetensors } from "../../support/raw_safetensors.ts";

interface GoldenTensor {
  dtype: "I32" | "F16" | "F32";
  shape: number[];
  data: string;
}
interface GoldenLayer {
  config: Record<string, unknown>;
  tensors: Record<string, GoldenTensor>;
  weight: GoldenTensor;
}

const golden = JSON.parse(readFileSync(new URL("../../golden/quantized/layers.json", import.meta.url), "utf8"));
const layers: GoldenLayer[] = golden.layers;
const bytesOf = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
const raw = ({ tensors }: GoldenLayer, module = "model.layers.0.mlp.up_proj"): RawTensor[] =>
  Object.entries(tensors).map(([kind, { dtype, shape, data }]) => ({
    name: `${module}.${kind}`,
    ...{ dtype, shape },
    data: bytesOf(data),
  }));

async function open(tensors: RawTensor[], config: Record<string, unknown> | null, notices: string[] = []) {
  const file = rawSafetensors(tensors);
  const stored = await openCheckpoint({
    sizeBytes: async (name) => (name === "model.safetensors" ? file.length : null),
    read: async (_, start, end) => file.slice(start, end),
  });
  return quantizedTensors(readPublished({ quantization_config: config }), stored, (sentence) => notices.push(sentence));
}

/** All of it, as one matrix. */
async function weightsOf(tensors: RawTensor[], config: Record<string, unknown>, notices: string[] = []) {
  const { quantized } = await open(tensors, config, notices);
  const [{ parts, form, shape }] = quantized as [(typeof quantized)[number]];
  const values = new Float32Array(shape[0] * shape[1]);
  for await (const { firstRow, ...rows } of parts())
    values.set(dequantizeRows(rows, shape[1], form), firstRow * shape[1]);
  return values;
}

const named = layers.map((layer) => ({
  layer,
  name: `${layer.config.checkpoint_format ?? "awq"}, ${layer.config.bits} bits, groups of ${layer.config.group_size}, ${layer.config.sym ? "" : "a"}symmetric`,
}));

describe.each(named)("$name", ({ layer }) => {
  test("weights equal those of an independent program, bit for bit", async () => {
    const values = await weightsOf(raw(layer), layer.config);
    expect(layer.weight.shape.reduce((a, b) => a * b)).toBe(values.length);
    const wanted = new Float32Array(bytesOf(layer.weight.data));
    expect(values.map((value) => value + 0)).toEqual(wanted.map((value) => value + 0));
  });
});

const [awq, , gptq, symmetric] = layers as [GoldenLayer, GoldenLayer, GoldenLayer, GoldenLayer];

test("tensors that are not packed are passed on as they are, the others named by their weight", async () => {
  const bias: RawTensor = {
    name: "model.layers.0.mlp.up_proj.bias",
    dtype: "F16",
    shape: [2],
    data: new Uint16Array(2),
  };
  const { quantized, others } = await open([...raw(awq), bias], awq.config);
  expect(others.map(({ name }) => name)).toEqual([bias.name]);
  expect(quantized).toMatchObject([
    {
      name: "model.layers.0.mlp.up_proj.weight",
      shape: [16, 64],
      form: { dtype: "i4", block: 32 },
      file: "model.safetensors",
    },
  ]);
});

test("a layer of many rows comes in ranges that make the whole", async () => {
  const I = 8 * 2 ** 17;
  const data = Uint32Array.from({ length: I * 2 }, (_, i) => Math.imul(i, 0x9e3779b9));
  const tensors: RawTensor[] = [
    { name: "a.qweight", dtype: "I32", shape: [I / 8, 16], data },
    { name: "a.qzeros", dtype: "I32", shape: [1, 2], data: new Uint32Array(2).fill(0x88888888) },
    { name: "a.scales", dtype: "F16", shape: [1, 16], data: new Uint16Array(16).fill(0x3c00) },
  ];
  const { quantized } = await open(tensors, {
    quant_method: "gptq",
    bits: 4,
    group_size: -1,
    checkpoint_format: "gptq_v2",
  });
  const firsts: number[] = [];
  for await (const { firstRow, data: part } of quantized[0]!.parts()) {
    firsts.push(firstRow);
    for (let row = 0; row < 8; row++)
      for (const word of [0, 1, I / 8 - 1]) expect(part[row * (I / 8) + word]).toBe(data[word * 16 + firstRow + row]);
  }
  expect(firsts).toEqual([0, 8]);
});

test("symmetric files that call themselves gptq but store zero points as they are, are read so, with a word", async () => {
  const tensors = raw(symmetric).map((tensor) =>
    tensor.name.endsWith("qzeros")
      ? { ...tensor, data: new Uint32Array(tensor.data.byteLength / 4).fill(0x88888888) }
      : tensor,
  );
  const notices: string[] = [];
  expect(await weightsOf(tensors, symmetric.config, notices)).toEqual(
    await weightsOf(raw(symmetric), symmetric.config),
  );
  expect(notices).toEqual([expect.stringContaining('stores zero points as "gptq_v2" does')]);
});

describe("a file that is damaged is named", () => {
  const change = (layer: GoldenLayer, kind: string, value: Partial<RawTensor> | null) =>
    raw(layer).flatMap((tensor) =>
      tensor.name.endsWith(`.${kind}`) ? (value ? [{ ...tensor, ...value }] : []) : [tensor],
    );
  const cases: [string, GoldenLayer, string, Partial<RawTensor> | null, RegExp][] = [
    ["no scales", awq, "scales", null, /holds "model\.layers\.0\.mlp\.up_proj\.q\w+" but not "\S+\.scales"/],
    ["no qweight", gptq, "qweight", null, /but not "\S+\.qweight"/],
    [
      "scales in F32",
      awq,
      "scales",
      { dtype: "F32", data: new Float32Array(32) },
      /"\S+scales" F16 of shape \(2, 16\), found F32/,
    ],
    [
      "scales of another shape",
      awq,
      "scales",
      { shape: [1, 32] },
      /F16 of shape \(2, 16\), found F16 of shape \(1, 32\)/,
    ],
    ["qweight of floats", gptq, "qweight", { dtype: "F32" }, /"\S+qweight" I32 of shape \(8, 16\), found F32/],
    ["qweight with three sides", gptq, "qweight", { shape: [8, 16, 1] }, /found I32 of shape \(8, 16, 1\)/],
    [
      "no outputs",
      awq,
      "qweight",
      { shape: [64, 0], data: new Uint32Array(0) },
      /expected sizes that are multiples of 8/,
    ],
    ["half a group", awq, "qweight", { shape: [16, 8] }, /whole groups of 32 inputs/],
    [
      "an infinite scale",
      gptq,
      "scales",
      { data: new Uint16Array(32).fill(0x7c00) },
      /expected finite scales, found another in row 0/,
    ],
    [
      "reordered inputs",
      gptq,
      "g_idx",
      { data: Int32Array.from({ length: 64 }, (_, i) => i % 2) },
      /puts input 1 into group 1, expected 0; .*"desc_act": false/,
    ],
  ];
  test.each(cases)("%s", async (_, layer, kind, value, sentence) => {
    await expect(weightsOf(change(layer, kind, value), layer.config)).rejects.toThrow(sentence);
  });

  test("reordered inputs are said before any weight is read, where config.json tells of them", async () => {
    const tensors = change(gptq, "g_idx", { data: Int32Array.from({ length: 64 }, (_, i) => i % 2) });
    await expect(open(tensors, { ...gptq.config, desc_act: true })).rejects.toThrow("puts input 1 into group 1");
    await expect(open(raw(gptq), { ...gptq.config, desc_act: true })).resolves.toBeTruthy();
  });

  test("config.json and file of different checkpoints", async () => {
    await expect(open(raw(awq), null)).rejects.toThrow("config.json has no quantization_config");
    const plain: RawTensor = { name: "a.weight", dtype: "F32", shape: [1], data: new Float32Array(1) };
    await expect(open([plain], awq.config)).rejects.toThrow("says awq, but the checkpoint holds no tensor");
  });
});

describe("quantization_config", () => {
  const read = (config: unknown, under?: "text_config") =>
    readPublished(under ? { [under]: { quantization_config: config } } : { quantization_config: config });

  test("none, or null", () => {
    expect(readPublished({})).toBe(null);
    expect(read(null)).toBe(null);
    expect(read(null, "text_config")).toBe(null);
  });

  test("keys in both spellings", () => {
    const awq = { method: "awq", bits: 4, groupSize: 128 };
    expect(read({ quant_method: "awq", w_bit: 4, q_group_size: 128, version: "GEMM", zero_point: true })).toMatchObject(
      awq,
    );
    expect(read({ quant_method: "awq", bits: 4, group_size: 128 }, "text_config")).toMatchObject(awq);
    expect(read({ quant_method: "gptq", bits: 8, group_size: -1, desc_act: true })).toEqual({
      ...{ method: "gptq", bits: 8, groupSize: null },
      ...{ isSymmetric: true, isZeroLessOne: true, mayReorder: true },
    });
  });

  test.each<[unknown, string]>([
    [
      { quant_method: "bitsandbytes", load_in_4bit: true },
      'quant_method is "bitsandbytes", only "awq" and "gptq" can be read; choose the',
    ],
    [{ quant_method: "fp8" }, '"fp8"'],
    [{ quant_method: "compressed-tensors" }, '"compressed-tensors"'],
    [{ bits: 4 }, "config.json: quantization_config.quant_method is nothing"],
    [{ quant_method: "awq", bits: 4, group_size: 128, version: "gemv" }, 'version is "gemv", only "gemm"'],
    [{ quant_method: "awq", bits: 4, group_size: 128, zero_point: false }, "zero_point is false, only true"],
    [{ quant_method: "awq", bits: 3, group_size: 128 }, "bits is 3, only 4 can be read"],
    [{ quant_method: "awq", bits: 4 }, "group_size must be"],
    [{ quant_method: "awq", bits: 4, group_size: 12 }, "group_size is 12, only multiples of 8"],
    [{ quant_method: "gptq", bits: 2, group_size: 128 }, "bits is 2, only 4 and 8 can be read; choose"],
    [{ quant_method: "gptq", bits: 4, group_size: 128, checkpoint_format: "marlin" }, 'checkpoint_format is "marlin"'],
    [{ quant_method: "gptq", bits: 4, group_size: 128, pack_dtype: "int64" }, 'pack_dtype is "int64", only "int32"'],
    [{ quant_method: "gptq", bits: 4, group_size: 128, sym: "yes" }, "sym must be true or false"],
    ["awq", 'quantization_config must be an object, found "awq"'],
    [[], "quantization_config must be an object, found"],
  ])("%j", (config, sentence) => {
    expect(() => read(config)).toThrow(sentence);
  });
});
