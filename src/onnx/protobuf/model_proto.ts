import {
  type Attribute,
  type Constant,
  constantBytes,
  elementTypes,
  type Graph,
  type GraphValue,
  isWeight,
  type Node,
} from "../graph/graph.ts";
import { type Later, Message } from "./message.ts";

/**
 * ONNX's own operators in the version that the graphs are written for, and the format that came with it: what
 * onnxruntime-web 1.30 runs on the CPU and on WebGPU, and the checker of ONNX knows.
 */
export const opsetVersion = 20;
export const irVersion = 9;
/** Operators of onnxruntime. */
export const microsoft = "com.microsoft";

/** Where a constant's bytes are in files beside the graph. */
export interface ExternalPlace {
  file: string;
  offsetBytes: number;
}

/**
 * The bytes of a model file, fields in the order in which the protobuf library of Python writes them.
 * @param external  the place of a weight in another file; null where its bytes stand in this one
 */
export function modelProto(
  graph: Graph,
  external: (constant: Constant) => ExternalPlace | null = () => null,
): Message<Constant> {
  const opsets: [domain: string, version: number][] = [["", opsetVersion]];
  if (graph.nodes.some(({ domain }) => domain === microsoft)) opsets.push([microsoft, 1]);
  const model = new Message<Constant>()
    .integer(1, irVersion)
    .text(2, "saccade")
    .message(7, graphProto(graph, external));
  for (const [domain, version] of opsets) model.message(8, new Message<Constant>().text(1, domain).integer(2, version));
  return model;
}

function graphProto(graph: Graph, external: (constant: Constant) => ExternalPlace | null): Message<Constant> {
  const message = new Message<Constant>();
  for (const [i, node] of graph.nodes.entries()) message.message(1, nodeProto(node, `${node.type}_${i}`));
  message.text(2, graph.name);
  for (const constant of graph.constants) message.message(5, tensorProto(constant, external(constant)));
  for (const value of graph.inputs) message.message(11, valueInfoProto(value));
  for (const value of graph.outputs) message.message(12, valueInfoProto(value));
  return message;
}

export function nodeProto({ type, domain, inputs, outputs, attributes }: Node, name: string): Message<Constant> {
  const message = new Message<Constant>();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, type);
  // By name, as Python's helper has them.
  for (const [key, attribute] of Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)))
    message.message(5, attributeProto(key, attribute));
  return domain === "" ? message : message.text(7, domain);
}

const attributeTypes = { float: 1, int: 2, text: 3, ints: 7 };

function attributeProto(name: string, attribute: Attribute): Message<Constant> {
  const message = new Message<Constant>().text(1, name);
  if ("float" in attribute) return message.float(2, attribute.float).integer(20, attributeTypes.float);
  if ("int" in attribute) return message.integer(3, attribute.int).integer(20, attributeTypes.int);
  if ("text" in attribute) return message.text(4, attribute.text).integer(20, attributeTypes.text);
  return message.integers(8, attribute.ints).integer(20, attributeTypes.ints);
}

export function tensorProto(constant: Constant, external: ExternalPlace | null): Message<Constant> {
  const { name, type, shape, content } = constant;
  const sizeBytes = constantBytes(constant);
  const message = new Message<Constant>().integers(1, shape).integer(2, elementTypes[type]).text(8, name);
  if (external) {
    const entries = { location: external.file, offset: String(external.offsetBytes), length: String(sizeBytes) };
    for (const [key, value] of Object.entries(entries))
      message.message(13, new Message<Constant>().text(1, key).text(2, value));
    return message.integer(14, 1);
  }
  if (!isWeight(constant)) {
    const bytes = content as Uint8Array;
    if (bytes.length !== sizeBytes)
      throw new RangeError(`${name} has ${bytes.length} bytes, its shape (${shape.join(", ")}) needs ${sizeBytes}`);
    return message.bytes(9, bytes);
  }
  const later: Later<Constant> = { sizeBytes, source: constant };
  return message.later(9, later);
}

export function valueInfoProto({ name, type, shape }: GraphValue): Message<Constant> {
  const dims = new Message<Constant>();
  for (const side of shape)
    dims.message(
      1,
      typeof side === "number" ? new Message<Constant>().integer(1, side) : new Message<Constant>().text(2, side),
    );
  const tensor = new Message<Constant>().integer(1, elementTypes[type]).message(2, dims);
  return new Message<Constant>().text(1, name).message(2, new Message<Constant>().message(1, tensor));
}
