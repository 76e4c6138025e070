/**
 * onnxruntime-web under Deno: its build with JSPI, on one thread, on the processor or on a device of ours. With Dawn it
 * needs two cures (measured with Dawn 0.6.2 and onnxruntime-web 1.30.0): it takes a device only where that is an instance of the
 * global GPUDevice, which is Deno's own class; and it writes from its memory, a SharedArrayBuffer even with one thread, which takes
 * Dawn's process down. Deno's own WebGPU needs none.
 */
import { createRequire } from "node:module";
import { openOrtRuntime } from "../../../onnx/runtime/ort_runtime.ts";
import type { OnnxRuntime } from "../../../onnx/runtime/runtime.ts";

type OrtModule = typeof import("onnxruntime-web/jspi");

let loaded: Promise<OrtModule> | null = null;

async function load(): Promise<OrtModule> {
  const ort = await withoutLocation(() => import("onnxruntime-web/jspi"));
  const wasm = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm");
  ort.env.wasm.wasmBinary = await Deno.readFile(wasm);
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "fatal";
  return ort;
}

/** The module takes the address of a thread for a page's, and in Deno a thread's origin is "null", to which nothing is relative. */
async function withoutLocation<T>(work: () => Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(globalThis, "location");
  if (!own?.configurable) return work();
  Object.defineProperty(globalThis, "location", { value: undefined, configurable: true, writable: true });
  try {
    return await work();
  } finally {
    Object.defineProperty(globalThis, "location", own);
  }
}

/** @param device  of ours, which stays the caller's; null for the processor */
export async function openOnnxRuntime(device: GPUDevice | null): Promise<OnnxRuntime> {
  loaded ??= load();
  const ort = await loaded;
  if (device === null || device instanceof (globalThis.GPUDevice as unknown as new () => object))
    return openOrtRuntime({ ort, device });
  copySharedWrites(device.queue);
  return openOrtRuntime({ ort, device, accepted: (open) => asGlobalDevice(device, open) });
}

/** While a session is opened, the device's class is the global one. */
async function asGlobalDevice<T>(device: GPUDevice, open: () => Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(globalThis, "GPUDevice")!;
  Object.defineProperty(globalThis, "GPUDevice", { value: device.constructor, configurable: true, writable: true });
  try {
    return await open();
  } finally {
    Object.defineProperty(globalThis, "GPUDevice", own);
  }
}

const cured = new WeakSet<GPUQueue>();

/** Dawn gets a copy of what lies in shared memory. */
function copySharedWrites(queue: GPUQueue): void {
  // Each look at a device's queue makes a new object, so that it is their class that is changed.
  const prototype = Object.getPrototypeOf(queue) as GPUQueue;
  if (cured.has(prototype)) return;
  cured.add(prototype);
  const { writeBuffer } = prototype;
  prototype.writeBuffer = function (this: GPUQueue, buffer, offset, data, from = 0, size?: number): undefined {
    const view = ArrayBuffer.isView(data) ? data : new Uint8Array(data as ArrayBuffer);
    if (!(view.buffer instanceof SharedArrayBuffer))
      return writeBuffer.call(this, buffer, offset, data as ArrayBuffer, from, size);
    // `from` and `size` count elements of what was given.
    const unit = "BYTES_PER_ELEMENT" in view ? (view.BYTES_PER_ELEMENT as number) : 1;
    const bytes = new Uint8Array<ArrayBufferLike>(view.buffer, view.byteOffset, view.byteLength);
    const copy = bytes.slice(from * unit, size === undefined ? undefined : (from + size) * unit);
    return writeBuffer.call(this, buffer, offset, copy);
  };
}
