/**
 * onnxruntime-web in the page's worker, on the processor or on the worker's device. Nothing else of the page imports it:
 * its script and its WebAssembly (16.8 MB) are fetched from the page's own origin when a graph is first opened.
 */
import wasmAddress from "onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url";
import { openOrtRuntime } from "../../../onnx/runtime/ort_runtime.ts";
import type { OnnxRuntime } from "../../../onnx/runtime/runtime.ts";

type OrtModule = typeof import("onnxruntime-web/jspi");

let loaded: Promise<OrtModule> | null = null;

async function load(): Promise<OrtModule> {
  if (!("Suspending" in WebAssembly))
    throw new Error(
      "This browser's WebAssembly cannot wait for a GPU (JSPI), which onnxruntime-web needs; use a Chrome or Edge of version 137 or later",
    );
  const ort = await import("onnxruntime-web/jspi").catch((error: Error) => {
    throw new Error(
      `The part of the page that runs ONNX graphs could not be fetched (${error.message}); reload the page`,
    );
  });
  ort.env.wasm.wasmBinary = await wasmBytes();
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "fatal";
  return ort;
}

/** Read here, so that what goes wrong is a sentence. */
async function wasmBytes(): Promise<ArrayBuffer> {
  const answer = await fetch(new URL(wasmAddress, import.meta.url)).catch((error: Error) => error);
  if (answer instanceof Error || !answer.ok)
    throw new Error(
      `The WebAssembly of onnxruntime-web (17 MB) could not be fetched from where the page came from (${answer instanceof Error ? answer.message : answer.status}); it is not kept for offline use: go online, and try again`,
    );
  return answer.arrayBuffer();
}

/**
 * @param device  of ours, which stays the caller's; null for the processor
 * @throws Error with one sentence where this browser cannot run it
 */
export async function openOnnxRuntime(device: GPUDevice | null): Promise<OnnxRuntime> {
  loaded ??= load();
  // What failed once may work the next time.
  loaded.catch(() => {
    loaded = null;
  });
  return openOrtRuntime({ ort: await loaded, device });
}
