import type { Pixels } from "../../image/pixels.ts";
import { PpOcrReader } from "../../onnx/reader/ppocr_reader.ts";
import type { OnnxRuntime } from "../../onnx/runtime/runtime.ts";
import type { ReaderWork } from "./open_reader.ts";

/** The work of a thread that reads text in pictures, on the processor. @param openRuntime loads onnxruntime-web, by platform */
export function readerWork(openRuntime: (device: null) => Promise<OnnxRuntime>): ReaderWork {
  let reader: Promise<PpOcrReader> | null = null;
  return {
    open: async (model, keys) => {
      reader = openRuntime(null).then((runtime) =>
        PpOcrReader.open(runtime, {
          model: model as Uint8Array<ArrayBuffer>,
          keys: new TextDecoder().decode(keys),
        }),
      );
      await reader;
    },
    read: async (picture: Pixels) => {
      if (!reader) throw new Error("The reader was asked before it was opened");
      return (await reader).read(picture);
    },
  };
}
