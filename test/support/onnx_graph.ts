/**
 * Small ONNX graphs for tests, written by the field numbers of onnx.proto and by nothing that is tested: ours or damaged ones that an
 * exporter would not write.
 */
const join = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};
const varint = (value: number): Uint8Array => {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return new Uint8Array([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
};
const number = (field: number, value: number): Uint8Array => join([varint(field * 8), varint(value)]);
const part = (field: number, bytes: Uint8Array | string): Uint8Array => {
  const content = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return join([varint(field * 8 + 2), varint(content.length), content]);
};

/** TensorProto.DataType */
export const types = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11 } as const;
export type TestDtype = keyof typeof types;

export interface TestValue {
  name: string;
  dtype?: TestDtype;
  shape: readonly (number | string)[];
}

export interface TestTensor {
  name: string;
  dtype?: TestDtype;
  shape: readonly number[];
  data?: Float32Array | Uint16Array | BigInt64Array;
  /** Where its bytes lie, in place of data. */
  location?: string;
}

export interface TestNode {
  op: string;
  domain?: string;
  inputs: readonly string[];
  outputs: readonly string[];
  /** Integers, or lists of them. */
  attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface TestGraph {
  nodes: readonly TestNode[];
  inputs: readonly TestValue[];
  outputs: readonly TestValue[];
  weights?: readonly TestTensor[];
  opset?: number;
}

const valueBytes = ({ name, dtype = "float32", shape }: TestValue): Uint8Array => {
  const dims = shape.map((size) => part(1, typeof size === "number" ? number(1, size) : part(2, size)));
  return join([part(1, name), part(2, part(1, join([number(1, types[dtype]), part(2, join(dims))])))]);
};

const tensorBytes = ({ name, dtype = "float32", shape, data, location }: TestTensor): Uint8Array => {
  const content =
    location === undefined
      ? part(9, new Uint8Array(data!.buffer, data!.byteOffset, data!.byteLength))
      : join([part(13, join([part(1, "location"), part(2, location)])), number(14, 1)]);
  return join([...shape.map((size) => number(1, size)), number(2, types[dtype]), part(8, name), content]);
};

const nodeBytes = ({ op, domain, inputs, outputs, attributes = {} }: TestNode): Uint8Array =>
  join([
    ...inputs.map((name) => part(1, name)),
    ...outputs.map((name) => part(2, name)),
    part(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      part(
        5,
        typeof value === "number"
          ? join([part(1, name), number(3, value), number(20, 2)])
          : join([part(1, name), ...value.map((one) => number(8, one)), number(20, 7)]),
      ),
    ),
    ...(domain === undefined ? [] : [part(7, domain)]),
  ]);

/** A ModelProto. */
export function onnxGraph({ nodes, inputs, outputs, weights = [], opset = 17 }: TestGraph): Uint8Array<ArrayBuffer> {
  const graph = join([
    ...nodes.map((node) => part(1, nodeBytes(node))),
    part(2, "graph"),
    ...weights.map((tensor) => part(5, tensorBytes(tensor))),
    ...inputs.map((value) => part(11, valueBytes(value))),
    ...outputs.map((value) => part(12, valueBytes(value))),
  ]);
  return join([
    number(1, 8),
    part(7, graph),
    part(8, join([part(1, ""), number(2, opset)])),
    ...[...new Set(nodes.flatMap(({ domain }) => domain ?? []))].map((domain) =>
      part(8, join([part(1, domain), number(2, 1)])),
    ),
  ]);
}

/** y = relu(x W), x of (n, 2), W of (2, 3). */
export const reluGraph: TestGraph = {
  nodes: [
    { op: "MatMul", inputs: ["x", "W"], outputs: ["z"] },
    { op: "Relu", inputs: ["z"], outputs: ["y"] },
  ],
  inputs: [{ name: "x", shape: ["n", 2] }],
  outputs: [{ name: "y", shape: ["n", 3] }],
  weights: [{ name: "W", shape: [2, 3], data: new Float32Array([1, -2, 3, 4, 5, -6]) }],
};
