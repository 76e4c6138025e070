import type { ParameterShape } from "../../model/parameters.ts";
import { microsoft } from "../protobuf/model_proto.ts";
import {
  type Attribute,
  type Constant,
  type ElementType,
  elementTypes,
  type Graph,
  type GraphValue,
  type Node,
  type Value,
  type WeightUse,
} from "./graph.ts";
import { type Precision, quantBlock } from "./precision.ts";
import { halvesOf } from "./tables.ts";

type Attributes = Readonly<Record<string, Attribute>>;

/** Puts a graph together, node by node. Names of values are made here; constants that are equal are one. */
export class GraphBuilder {
  readonly #inputs: GraphValue[] = [];
  readonly #outputs: GraphValue[] = [];
  readonly #nodes: Node[] = [];
  readonly #constants = new Map<string, Constant>();
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  #values = 0;

  /** @param shapes the model's weights */
  constructor(
    readonly name: string,
    readonly precision: Precision,
    shapes: readonly ParameterShape[],
  ) {
    this.#shapes = new Map(shapes.map(({ name: weight, shape }) => [weight, shape]));
  }

  get graph(): Graph {
    return {
      name: this.name,
      inputs: this.#inputs,
      outputs: this.#outputs,
      constants: [...this.#constants.values()],
      nodes: this.#nodes,
    };
  }

  /** What numbers inside the graph are. */
  get activations(): ElementType {
    return this.precision.activations;
  }

  input(name: Value, type: ElementType, shape: GraphValue["shape"]): Value {
    this.#inputs.push({ name, type, shape });
    return name;
  }

  /** Makes the result of an operator an output, which gives it its name. */
  output(value: Value, name: string, type: ElementType, shape: GraphValue["shape"]): void {
    const named = (values: readonly Value[]) => values.map((one) => (one === value ? name : one));
    for (const node of this.#nodes) {
      node.inputs = named(node.inputs);
      node.outputs = named(node.outputs);
    }
    this.#outputs.push({ name, type, shape });
  }

  /** The first output of an operator of ONNX. */
  op(type: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.ops(type, inputs, attributes, 1)[0]!;
  }

  /** All outputs of an operator of ONNX. */
  ops(type: string, inputs: readonly Value[], attributes: Attributes, count: number): Value[] {
    return this.#node(type, "", inputs, attributes, this.#names(count));
  }

  /** Outputs of an operator of onnxruntime. @param wanted which of them are used */
  microsoft(
    type: string,
    inputs: readonly Value[],
    attributes: Attributes = {},
    wanted: readonly boolean[] = [true],
  ): Value[] {
    return this.#node(
      type,
      microsoft,
      inputs,
      attributes,
      wanted.map((is) => (is ? this.#names(1)[0]! : "")),
    );
  }

  /** x as the graph computes with it. */
  inNumbers(x: Value): Value {
    return this.activations === "float32" ? x : this.cast(x, "float16");
  }

  /** The reverse: what goes in and out is float32 in each of the graphs, so that they fit each other. */
  inFloat32(x: Value): Value {
    return this.activations === "float32" ? x : this.cast(x, "float32");
  }

  cast(x: Value, to: ElementType): Value {
    return this.op("Cast", [x], { to: { int: elementTypes[to] } });
  }

  /** x sigmoid(x) */
  silu(x: Value): Value {
    return this.microsoft("QuickGelu", [x], { alpha: { float: 1 } })[0]!;
  }

  /** int64; without a shape a list. */
  ints(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.#constant("int64", new BigInt64Array(values.map(BigInt)), shape);
  }

  int(value: number): Value {
    return this.ints([value], []);
  }

  int32(value: number): Value {
    return this.#constant("int32", Int32Array.of(value), []);
  }

  /** Numbers in float32, whatever the graph computes in. */
  float32(values: Float32Array, shape: readonly number[]): Value {
    return this.#constant("float32", values, shape);
  }

  /** Numbers in the type that the graph computes in. */
  numbers(values: Float32Array, shape: readonly number[]): Value {
    return this.activations === "float32"
      ? this.float32(values, shape)
      : this.#constant("float16", halvesOf(values), shape);
  }

  number(value: number): Value {
    return this.numbers(Float32Array.of(value), []);
  }

  shapeOf(parameter: string): readonly number[] {
    const shape = this.#shapes.get(parameter);
    if (!shape) throw new TypeError(`the model has no weight ${parameter}`);
    return shape;
  }

  has(parameter: string): boolean {
    return this.#shapes.has(parameter);
  }

  /** Vectors of the model one after another, or rows of a table. */
  rows(...parameters: string[]): Value {
    const [first = []] = parameters.map((name) => this.shapeOf(name));
    const rows = parameters.reduce((sum, name) => sum + (this.shapeOf(name)[0] ?? 0), 0);
    return this.#weight({ parameters, form: "rows" }, this.activations, [rows, ...first.slice(1)]);
  }

  /**
   * x W^T + b of one linear layer, or of several of one input side by side.
   * @param modules  names without `.weight`; biases are added where the model has them
   * @param x        (..., I)
   * @returns        (..., O)
   */
  linear(x: Value, ...modules: string[]): Value {
    const biased = modules.every((module) => this.has(`${module}.bias`));
    const bias = biased ? this.rows(...modules.map((module) => `${module}.bias`)) : null;
    const product = this.product(
      x,
      modules.map((module) => `${module}.weight`),
    );
    return bias === null ? product : this.op("Add", [product, bias]);
  }

  /** x W^T. @param parameters matrices (O, I), convolutions over patches (O, ...) */
  product(x: Value, parameters: readonly string[]): Value {
    const shapes = parameters.map((name) => this.shapeOf(name));
    const [first = []] = shapes;
    const I = first.slice(1).reduce((product, side) => product * side, 1);
    const O = shapes.reduce((sum, [rows = 0]) => sum + rows, 0);
    if (this.precision.weights === "blocks") {
      const blocks = Math.ceil(I / quantBlock);
      const quants = this.#weight({ parameters, form: "quants" }, "uint8", [O, blocks, quantBlock]);
      const scales = this.#weight({ parameters, form: "scales" }, this.activations, [O * blocks]);
      const attributes = { K: { int: I }, N: { int: O }, bits: { int: 8 }, block_size: { int: quantBlock } };
      return this.microsoft("MatMulNBits", [x, quants, scales], attributes)[0]!;
    }
    return this.op("MatMul", [x, this.#weight({ parameters, form: "columns" }, this.activations, [I, O])]);
  }

  /** A weight as quants and scales of its rows: what `product` multiplies, to be looked up instead. */
  quantizedRows(parameter: string): { quants: Value; scales: Value } {
    const [O = 0, I = 0] = this.shapeOf(parameter);
    const blocks = Math.ceil(I / quantBlock);
    const parameters = [parameter];
    return {
      quants: this.#weight({ parameters, form: "quants" }, "uint8", [O, blocks, quantBlock]),
      scales: this.#weight({ parameters, form: "scales" }, this.activations, [O, blocks, 1]),
    };
  }

  #weight(content: WeightUse, type: ElementType, shape: number[]): Value {
    const { parameters, form } = content;
    const name = `${parameters.join("+")}${form === "rows" ? "" : `.${form}`}`;
    if (!this.#constants.has(name)) this.#constants.set(name, { name, type, shape, content });
    return name;
  }

  #constant(type: ElementType, values: ArrayBufferView, shape: readonly number[]): Value {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const key = `${type} (${shape.join()}) ${bytes.length <= 64 ? bytes.join() : this.#constants.size}`;
    const found = bytes.length <= 64 ? this.#constants.get(key) : undefined;
    if (found) return found.name;
    const name = `constant_${this.#constants.size}`;
    this.#constants.set(key, { name, type, shape, content: bytes });
    return name;
  }

  #node(type: string, domain: string, inputs: readonly Value[], attributes: Attributes, outputs: Value[]): Value[] {
    this.#nodes.push({ type, domain, inputs, outputs, attributes });
    return outputs;
  }

  #names(count: number): Value[] {
    return Array.from({ length: count }, () => `v${this.#values++}`);
  }
}
