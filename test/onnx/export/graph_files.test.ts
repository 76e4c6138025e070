import { expect, test } from "vitest";
import { fromHalf } from "../../../src/model/half.ts";
import { type GraphFileLimits, graphFiles, type WrittenFile } from "../../../src/onnx/export/graph_files.ts";
import { quantized, type WeightSource } from "../../../src/onnx/export/weight_bytes.ts";
import { GraphBuilder } from "../../../src/onnx/graph/builder.ts";
import { type WrittenDtype, writtenDtypes } from "../../../src/onnx/graph/precision.ts";
import { concatenated } from "../../../src/onnx/protobuf/message.ts";

/** Two matrices of 3 columns: 2 rows and 1 row. */
const numbers: Record<string, number[]> = { "a.weight": [1, 2, 3, 4, 5, 6], "b.weight": [7, 8, 9] };

const source = (of: Record<string, number[]> = numbers): WeightSource => ({
  sides: (name) => ({ rows: of[name]!.length / 3, columns: 3 }),
  rows: async (name, first, end) => Float32Array.from(of[name]!.slice(first * 3, end * 3)),
});

function product(dtype: WrittenDtype) {
  const shapes = Object.entries(numbers).map(([name, { length }]) => ({ name, shape: [length / 3, 3] }));
  const b = new GraphBuilder("small", writtenDtypes[dtype].precision, shapes);
  const x = b.input("x", "float32", ["rows", 3]);
  b.output(b.inFloat32(b.product(b.inNumbers(x), Object.keys(numbers))), "y", "float32", ["rows", 3]);
  return b.graph;
}

async function bytes({ pieces }: WrittenFile): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces()) parts.push(piece);
  return concatenated(parts);
}

const external: GraphFileLimits = { inlineBytes: 0, chunkBytes: 2e9 };

test("layers of one input are one matrix, transposed for MatMul, in the file or beside it", async () => {
  const inside = graphFiles(product("fp32"), "small.onnx", source());
  expect(inside.externalFiles).toBe(0);
  const [model] = inside.files as [WrittenFile];
  const all = await bytes(model);
  expect(all.length).toBe(model.sizeBytes);
  const want = new Uint8Array(Float32Array.of(1, 4, 7, 2, 5, 8, 3, 6, 9).buffer);
  expect(Buffer.from(all).includes(Buffer.from(want))).toBe(true);

  const beside = graphFiles(product("fp32"), "small.onnx", source(), external);
  expect(beside.files.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
    ["small.onnx", beside.files[0]!.sizeBytes],
    ["small.onnx_data", 36],
  ]);
  expect(await bytes(beside.files[1]!)).toEqual(want);
  expect((await bytes(beside.files[0]!)).length).toBe(beside.files[0]!.sizeBytes);
});

test("weights beside a graph begin at pages, and are cut into files of a size", async () => {
  const graph = product("q8");
  const one = graphFiles(graph, "small.onnx", source(), external);
  // 3 rows of a block of 32 bytes, then 3 scales.
  expect(one.files[1]!.sizeBytes).toBe(4096 + 12);
  expect((await bytes(one.files[1]!)).length).toBe(4096 + 12);
  const cut = graphFiles(graph, "small.onnx", source(), { inlineBytes: 0, chunkBytes: 96 });
  expect(cut.files.slice(1).map(({ name }) => name)).toEqual(["small.onnx_data", "small.onnx_data_1"]);
  expect(cut.externalFiles).toBe(2);
});

test("8 bits: a number is (quant - 128) scale, and what is behind a row's end is 0", () => {
  const values = Float32Array.from({ length: 2 * 40 }, (_, i) => Math.sin(i) * (i < 40 ? 1 : 1e-3));
  const { quants, scales } = quantized(values, 40);
  expect([quants.length, scales.length]).toEqual([2 * 64, 4]);
  for (const [i, value] of values.entries()) {
    const [row, column] = [Math.floor(i / 40), i % 40];
    const scale = scales[row * 2 + (column >> 5)]!;
    expect(Math.abs((quants[row * 64 + column]! - 128) * scale - value)).toBeLessThanOrEqual(scale * 0.5001);
  }
  expect(quants.slice(40, 64).every((quant) => quant === 128)).toBe(true);
  expect(quantized(new Float32Array(32), 32)).toEqual({
    quants: new Uint8Array(32).fill(128),
    scales: new Float32Array(1),
  });
});

test("halves are the nearest, and what has none is refused with its name", async () => {
  const fits = graphFiles(product("fp16"), "small.onnx", source(), external);
  const halves = new Uint16Array((await bytes(fits.files[1]!)).buffer);
  expect(Array.from(halves, fromHalf)).toEqual([1, 4, 7, 2, 5, 8, 3, 6, 9]);
  const large = source({ ...numbers, "b.weight": [7, 1e5, 9] });
  const { files } = graphFiles(product("fp16"), "small.onnx", large, external);
  await expect(bytes(files[1]!)).rejects.toThrow(
    "a.weight, b.weight: found 100000, which is too large for fp16 (65504 at most); export it without fp16",
  );
});

test("a number that is none is refused with its row, in every dtype", async () => {
  const broken = source({ ...numbers, "a.weight": [1, 2, 3, 4, Number.NaN, 6] });
  for (const dtype of ["fp32", "fp16", "q8"] as const) {
    const { files } = graphFiles(product(dtype), "small.onnx", broken, external);
    await expect(bytes(files[1]!), dtype).rejects.toThrow("a.weight, row 1: found NaN");
  }
});
