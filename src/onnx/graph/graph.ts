/** A graph of ONNX as plain data, before it is bytes. */

/** Element types by ONNX's numbers (TensorProto.DataType). */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
} as const;

export type ElementType = keyof typeof elementTypes;

export const elementBytes: Readonly<Record<ElementType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
};

/** A value that flows along the edges of a graph, by its name. */
export type Value = string;

/** Numbers by their kind: `ints` may be empty, so the kind is said. */
export type Attribute =
  | { int: number | bigint }
  | { float: number }
  | { text: string }
  | { ints: readonly (number | bigint)[] };

export interface Node {
  type: string;
  /** "" is ONNX's own. */
  domain: string;
  /** "" where an optional input is left out. */
  inputs: readonly Value[];
  /** "" where an optional output is left out. */
  outputs: readonly Value[];
  attributes: Readonly<Record<string, Attribute>>;
}

export interface GraphValue {
  name: Value;
  type: ElementType;
  /** A name stands for a size that is known when the graph runs. */
  shape: readonly (number | string)[];
}

/** Where the numbers of a large constant come from. */
export interface WeightUse {
  /** Weights of the model by name, their rows one below another. */
  parameters: readonly string[];
  /**
   * rows: as in the checkpoint, (O, I). columns: the transpose, as MatMul reads it. quants and scales: in blocks of
   * `quantBlock` numbers of a row, as MatMulNBits reads them.
   */
  form: "rows" | "columns" | "quants" | "scales";
}

export interface Constant {
  name: string;
  type: ElementType;
  shape: readonly number[];
  content: Uint8Array | WeightUse;
}

export interface Graph {
  name: string;
  inputs: readonly GraphValue[];
  outputs: readonly GraphValue[];
  constants: readonly Constant[];
  nodes: readonly Node[];
}

export const isWeight = (constant: Constant): constant is Constant & { content: WeightUse } =>
  !(constant.content instanceof Uint8Array);

export const constantBytes = ({ type, shape }: Pick<Constant, "type" | "shape">): number =>
  shape.reduce((product, side) => product * side, elementBytes[type]);
