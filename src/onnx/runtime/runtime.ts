/**
 * What runs an ONNX graph, as types only: onnxruntime-web behind one seam, so that the rest of this layer does not
 * know which of its builds was loaded, on which device, or from where. src/app loads it when a graph is first opened.
 */

export type OnnxDtype = "float32" | "float16" | "int32" | "int64" | "uint8" | "int8" | "bool";

/** A value of a graph. Where `buffer` is given, the elements are on the GPU and `data` is absent. */
export interface OnnxTensor {
  dtype: OnnxDtype;
  /** Row-major, last index fastest; [] is a scalar. */
  shape: readonly number[];
  /** float16 as its bits in a Uint16Array; bool as bytes. */
  data?: Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;
  buffer?: GPUBuffer;
}

/** An input or output by name: a number in `shape` is fixed, a name may differ from run to run. */
export interface OnnxValue {
  name: string;
  dtype: OnnxDtype;
  shape: readonly (number | string)[];
}

/** One graph that is ready to run. */
export interface OnnxGraph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** @throws Error with one sentence where an input is missing or has another dtype or shape */
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

/** A graph's bytes, and the files that its weights stand in beside them. */
export interface OnnxFiles {
  /** Names the graph in sentences for people. */
  name: string;
  model: Uint8Array;
  external: readonly { path: string; bytes: Uint8Array }[];
}

export interface OnnxRuntime {
  /** What runs it, for people: "onnxruntime-web 1.30.0, WebGPU" or "..., wasm". */
  readonly label: string;
  /**
   * @param onGpu  names of outputs that stay on the GPU, where it runs there
   * @throws Error with one sentence where the graph has an operator or a version that is not supported
   */
  open(files: OnnxFiles, onGpu?: readonly string[]): Promise<OnnxGraph>;
}
