/**
 * What runs an ONNX graph, as types only: onnxruntime-web behind one seam, so that the rest of this layer does not
 * know which of its builds was loaded, on which device, or from where. src/app loads it when a graph is first opened;
 * ort_runtime.ts implements it.
 */

export type OnnxDtype = "float32" | "float16" | "int32" | "int64" | "uint8" | "int8" | "bool";

/** Elements on the host: float16 as its bits in a Uint16Array; bool as bytes. */
export type OnnxData = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

/** A value of a graph. Where `buffer` is given, the elements are on the GPU and `data` is absent. */
export interface OnnxTensor {
  dtype: OnnxDtype;
  /** Row-major, last index fastest; [] is a scalar. */
  shape: readonly number[];
  data?: OnnxData;
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
  /**
   * Runs of one runtime wait for each other. Buffers of inputs stay the caller's; outputs on the GPU are given back by
   * `OnnxRuntime.release`.
   * @throws Error with one sentence where an input is missing, is not one of the graph's, or has another dtype or shape
   */
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

/** A graph's bytes, and the files that its weights stand in beside them. */
export interface OnnxFiles {
  /** Names the graph in sentences for people. */
  name: string;
  model: Uint8Array<ArrayBuffer>;
  external: readonly { path: string; bytes: Uint8Array<ArrayBuffer> }[];
}

export interface OnnxRuntime {
  /** What runs it, for people: "onnxruntime-web 1.30.0, WebGPU" or "..., wasm". */
  readonly label: string;
  /** Whether it runs on a GPU, so that outputs can stay there. */
  readonly onGpu: boolean;
  /**
   * @param onGpu  names of outputs that stay on the GPU, or all, where it runs there
   * @throws Error with one sentence where the graph has an operator or a version that is not supported, or weights in
   *   files that are not given or lie outside its folder
   */
  open(files: OnnxFiles, onGpu?: readonly string[] | "all"): Promise<OnnxGraph>;
  /** The elements [first, first + count) of a value, wherever they are; all unless given. */
  read(tensor: OnnxTensor, first?: number, count?: number): Promise<OnnxData>;
  /** Gives the buffer of an output back; nothing happens for what is on the host or was given back. */
  release(tensor: OnnxTensor): void;
}
