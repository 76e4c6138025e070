import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Constant, Graph } from "../../../src/onnx/graph/graph.ts";
import { concatenated, joined, Message } from "../../../src/onnx/protobuf/message.ts";
import { modelProto } from "../../../src/onnx/protobuf/model_proto.ts";

/** As test/transformers/onnx_model.py wrote it. */
const golden = (name: string) => new Uint8Array(readFileSync(new URL(`../../golden/onnx/${name}`, import.meta.url)));

const weight = Float32Array.from({ length: 6 }, (_, i) => i - 2.5);
const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

const w: Constant = { name: "w", type: "float32", shape: [2, 3], content: { parameters: ["w"], form: "columns" } };
const small: Graph = {
  name: "small",
  inputs: [{ name: "x", type: "float32", shape: ["rows", 2] }],
  outputs: [{ name: "y", type: "float32", shape: ["rows", 3] }],
  constants: [
    w,
    { name: "h", type: "float16", shape: [3], content: bytesOf(Uint16Array.of(0x3c00, 0xb800, 0x7bff)) },
    { name: "constant_0", type: "int64", shape: [], content: bytesOf(BigInt64Array.of(-7n)) },
  ],
  nodes: [
    { type: "MatMul", domain: "", inputs: ["x", "w"], outputs: ["v0"], attributes: {} },
    { type: "Gelu", domain: "", inputs: ["v0"], outputs: ["v1"], attributes: { approximate: { text: "tanh" } } },
    { type: "Transpose", domain: "", inputs: ["v1"], outputs: ["v2"], attributes: { perm: { ints: [1, 0] } } },
    {
      type: "LayerNormalization",
      domain: "",
      inputs: ["v1", "constant_0"],
      outputs: ["v3"],
      attributes: { epsilon: { float: 1e-6 }, axis: { int: -1 } },
    },
    {
      type: "SkipSimplifiedLayerNormalization",
      domain: "com.microsoft",
      inputs: ["v3", "v1", "h"],
      outputs: ["v4", "", "", "y"],
      attributes: { epsilon: { float: 1e-5 } },
    },
  ],
};

const written = (message: Message<Constant>): Uint8Array =>
  concatenated([...message.parts].map((part) => (part instanceof Uint8Array ? part : bytesOf(weight))));

test("a model has the bytes that Python's onnx writes, weights that come later included", () => {
  const model = modelProto(small);
  expect(model.parts.filter((part) => !(part instanceof Uint8Array))).toEqual([{ sizeBytes: 24, source: w }]);
  expect(written(model)).toEqual(golden("small.onnx"));
  expect(model.sizeBytes).toBe(golden("small.onnx").length);
});

test("so has one whose weights stand in another file", () => {
  const place = { file: "small_external.onnx_data", offsetBytes: 4096 };
  const model = modelProto(small, ({ name }) => (name === "w" ? place : null));
  expect(written(model)).toEqual(golden("small_external.onnx"));
});

test("small parts become one between those that come later", () => {
  const later = { sizeBytes: 2, source: "w" };
  const message = new Message<string>().integer(1, 300).later(2, later).integer(3, -1);
  // 300 is ac 02; -1 is ten bytes of two's complement.
  expect([...joined(message.parts)]).toEqual([
    Uint8Array.of(0x08, 0xac, 0x02, 0x12, 0x02),
    later,
    Uint8Array.of(0x18, ...new Array<number>(9).fill(0xff), 0x01),
  ]);
  expect(message.sizeBytes).toBe(18);
});

test("a constant with too few bytes is not written", () => {
  const short: Constant = { name: "c", type: "int64", shape: [2], content: new Uint8Array(8) };
  expect(() => modelProto({ ...small, constants: [short] })).toThrow("c has 8 bytes, its shape (2) needs 16");
});
