import { expose } from "comlink";
import { readerWork } from "../../session/reader_work.ts";
import { openOnnxRuntime } from "./onnx_runtime.ts";

expose(readerWork(openOnnxRuntime));
