import type * as Ort from "onnxruntime-web/jspi";
import { externalFiles, externalLocations } from "./external_files.ts";
import { ortError } from "./ort_errors.ts";
import type { OnnxData, OnnxDtype, OnnxFiles, OnnxGraph, OnnxRuntime, OnnxTensor, OnnxValue } from "./runtime.ts";

/** What src/app gives: the loaded module and where it runs. */
export interface OrtParts {
  /** Its `env` has been set: where the wasm is, one thread. */
  ort: Pick<typeof Ort, "InferenceSession" | "Tensor" | "env">;
  /** Null for wasm. It stays the caller's. */
  device: GPUDevice | null;
  /** Wraps the opening of a session, where the runtime would refuse the device of another WebGPU than the global one. */
  accepted?<T>(open: () => Promise<T>): Promise<T>;
}

/**
 * The one place that knows how a device is handed over: as an option of the execution provider. A later version wants it
 * in `env.webgpu.device` (microsoft/onnxruntime#32227).
 */
function providers(device: GPUDevice | null): Ort.InferenceSession.ExecutionProviderConfig[] {
  return device ? [{ name: "webgpu", device }] : ["wasm"];
}

const dtypes: readonly OnnxDtype[] = ["float32", "float16", "int32", "int64", "uint8", "int8", "bool"];

/** Runtimes of one module run in turn: its WebAssembly has one stack. */
let lastTurn: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = lastTurn.then(work, work);
  lastTurn = turn.catch(() => {});
  return turn;
}

export function openOrtRuntime({ ort, device, accepted = (open) => open() }: OrtParts): OnnxRuntime {
  const label = `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common}, ${device ? "WebGPU" : "wasm"}`;
  /** What the runtime made on the GPU, by its buffers. */
  const made = new WeakMap<GPUBuffer, Ort.Tensor>();

  const toOrt = ({ dtype, shape, data, buffer }: OnnxTensor): Ort.Tensor => {
    if (buffer)
      return ort.Tensor.fromGpuBuffer(buffer, { dataType: dtype as Ort.Tensor.GpuBufferDataTypes, dims: [...shape] });
    return new ort.Tensor(dtype as "float32", data as Float32Array, [...shape]);
  };
  const fromOrt = (tensor: Ort.Tensor): OnnxTensor => {
    const dtype = tensor.type as OnnxDtype;
    const shape = tensor.dims;
    if (tensor.location !== "gpu-buffer") return { dtype, shape, data: bitsOf(tensor.data as OnnxData) };
    const buffer = tensor.gpuBuffer as GPUBuffer;
    made.set(buffer, tensor);
    return { dtype, shape, buffer };
  };

  return {
    label,
    onGpu: device !== null,
    open: async (files, onGpu = []) => {
      const { name } = files;
      const externalData = mountedFiles(files);
      const options: Ort.InferenceSession.SessionOptions = {
        executionProviders: providers(device),
        externalData,
        // Its own lines say less than what it throws.
        logSeverityLevel: 4,
      };
      if (device && onGpu.length > 0)
        options.preferredOutputLocation =
          onGpu === "all" ? "gpu-buffer" : Object.fromEntries(onGpu.map((output) => [output, "gpu-buffer"]));
      let session: Ort.InferenceSession;
      try {
        session = await inTurn(() => accepted(() => ort.InferenceSession.create(files.model, options)));
      } catch (error) {
        throw ortError(error, { name, label, what: "be opened" });
      }
      try {
        return new OrtGraph({ name, label, session, toOrt, fromOrt });
      } catch (error) {
        await session.release();
        throw error;
      }
    },
    read: async ({ data, dtype, shape, buffer }, first = 0, count) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const end = count === undefined ? length : first + count;
      if (data) return first === 0 && end === length ? data : data.subarray(first, end);
      return readBack(device!, buffer!, { dtype, first, count: end - first });
    },
    release: ({ buffer }) => {
      const tensor = buffer && made.get(buffer);
      if (!tensor) return;
      made.delete(buffer);
      tensor.dispose();
    },
  };
}

interface OrtGraphParts {
  name: string;
  label: string;
  session: Ort.InferenceSession;
  toOrt(tensor: OnnxTensor): Ort.Tensor;
  fromOrt(tensor: Ort.Tensor): OnnxTensor;
}

class OrtGraph implements OnnxGraph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly #parts: OrtGraphParts;

  constructor(parts: OrtGraphParts) {
    this.#parts = parts;
    this.inputs = valuesOf(parts.session.inputMetadata, parts.name);
    this.outputs = valuesOf(parts.session.outputMetadata, parts.name);
  }

  async run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>> {
    const { name, label, session, toOrt, fromOrt } = this.#parts;
    for (const input of this.inputs) expectFits(name, input, feeds[input.name]);
    const others = Object.keys(feeds).filter((key) => this.inputs.every((input) => input.name !== key));
    if (others.length > 0)
      throw new Error(
        `${name} has no input ${others.join(", ")}: expected ${this.inputs.map((input) => input.name).join(", ")}`,
      );
    let outputs: Ort.InferenceSession.ReturnType;
    try {
      const given = Object.fromEntries(Object.entries(feeds).map(([key, tensor]) => [key, toOrt(tensor)]));
      outputs = await inTurn(() => session.run(given));
    } catch (error) {
      throw ortError(error, { name, label, what: "run" });
    }
    return Object.fromEntries(Object.entries(outputs).map(([key, tensor]) => [key, fromOrt(tensor as Ort.Tensor)]));
  }

  async close(): Promise<void> {
    await inTurn(() => this.#parts.session.release());
  }
}

/** @throws Error with one sentence where a file is missing, or lies outside the folder */
function mountedFiles({ name, model, external }: OnnxFiles): { path: string; data: Uint8Array<ArrayBuffer> }[] {
  const locations = externalLocations(model, name);
  return externalFiles(model, name).map((path, index) => {
    const file = external.find((other) => other.path === path);
    if (!file) throw new Error(`${name} has weights in ${path}, which is not beside it; fetch that file as well`);
    // The runtime asks by what the graph says.
    return { path: locations[index]!, data: file.bytes };
  });
}

function valuesOf(metadata: readonly Ort.InferenceSession.ValueMetadata[], name: string): OnnxValue[] {
  return metadata.map((value) => {
    if (!value.isTensor || !dtypes.includes(value.type as OnnxDtype))
      throw new Error(
        `${name} has a value ${value.name} of ${value.isTensor ? `dtype ${value.type}` : "a kind that is no tensor"}: expected one of ${dtypes.join(", ")}`,
      );
    return { name: value.name, dtype: value.type as OnnxDtype, shape: value.shape };
  });
}

/** @throws Error with one sentence */
function expectFits(graph: string, input: OnnxValue, tensor: OnnxTensor | undefined): void {
  const expected = `expected ${input.dtype} (${input.shape.join(", ")})`;
  if (!tensor) throw new Error(`${graph} needs its input ${input.name}, which was not given: ${expected}`);
  const { dtype, shape, data } = tensor;
  const isOfShape =
    shape.length === input.shape.length &&
    input.shape.every((size, index) => typeof size === "string" || size < 0 || size === shape[index]);
  if (dtype !== input.dtype || !isOfShape)
    throw new Error(`${graph} takes ${input.name} of another kind: ${expected}, found ${dtype} (${shape.join(", ")})`);
  const count = shape.reduce((product, size) => product * size, 1);
  if (data && data.length !== count)
    throw new Error(`${graph}: ${input.name} has ${data.length} elements, expected ${count} for (${shape.join(", ")})`);
}

const arrays = {
  float32: Float32Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const satisfies Record<OnnxDtype, unknown>;

/** Elements of a buffer, and of no others: of the logits of a long prompt the last ones are wanted. */
async function readBack(
  device: GPUDevice,
  buffer: GPUBuffer,
  { dtype, first, count }: { dtype: OnnxDtype; first: number; count: number },
): Promise<OnnxData> {
  const each = arrays[dtype].BYTES_PER_ELEMENT;
  // Copies begin and end at words.
  const begin = Math.floor((first * each) / 4) * 4;
  const end = Math.ceil(((first + count) * each) / 4) * 4;
  if (count === 0) return new arrays[dtype](0);
  const copy = device.createBuffer({
    label: "onnx.read",
    size: end - begin,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, begin, copy, 0, end - begin);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const bytes = copy.getMappedRange().slice(0);
    return new arrays[dtype](bytes, first * each - begin, count) as OnnxData;
  } finally {
    copy.destroy();
  }
}

/** Float16Array, where the engine has one, as its bits. */
function bitsOf(data: OnnxData): OnnxData {
  return data.constructor.name === "Float16Array"
    ? new Uint16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length)
    : data;
}
