import { Gpu } from "../../gpu/gpu.ts";
import type { LoadProgress } from "../../model/load.ts";
import { chooseGraphs, type GraphFolder, readDtypes } from "../../onnx/policy/graph_files.ts";
import { readOnnxFacts } from "../../onnx/policy/onnx_facts.ts";
import { OnnxModel } from "../../onnx/policy/onnx_model.ts";
import type { OnnxRuntime } from "../../onnx/runtime/runtime.ts";
import type { Platform } from "../../platform.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import { fileOrNull, filesIn } from "../model_folder/model_files.ts";
import { openTokenizer } from "../model_folder/qwen_tokenizer.ts";
import type { OnnxDevice } from "./onnx_devices.ts";

/** A folder of graphs, and how they are run. */
export interface NamedGraphs {
  /** A folder, `owner/name@revision` on the Hub, or an address. */
  folder: string;
  /** As readDtypes reads it; "" takes what the folder recommends, or has. */
  dtype: string;
  device: OnnxDevice;
}

export interface OpenGraphsOptions {
  /** Loads onnxruntime-web (by platform). */
  openRuntime(device: GPUDevice | null): Promise<OnnxRuntime>;
  progress?: LoadProgress;
}

/** The graphs of a folder, ready to run, and what lies beside them. */
export interface OpenedGraphs {
  name: string;
  model: OnnxModel;
  tokenizer: Tokenizer;
  /** What runs them, for people. */
  runBy: string;
  close(): Promise<void>;
}

/** Reads and opens the graphs of a folder. @throws Error with one sentence for people */
export async function openGraphs(
  platform: Platform,
  { folder: name, dtype, device }: NamedGraphs,
  { openRuntime, progress = () => {} }: OpenGraphsOptions,
): Promise<OpenedGraphs> {
  const wanted = dtype === "" ? {} : readDtypes(dtype);
  const files = filesIn(platform, name);
  if ((await files.sizeBytes("config.json")) === null)
    throw new Error(
      `Expected a model in ${name}, found no config.json there; name a folder, or owner/name@revision on the Hub, that holds onnx/ beside it`,
    );
  if (device === "gpu" && !platform.gpu)
    throw new Error(
      `The graphs are to be run on WebGPU, which is not there (${platform.gpuMissing}); choose the processor for them (on the command line --onnx-device cpu)`,
    );
  const facts = await readOnnxFacts(files);
  const tokenizer = await openTokenizer(fileOrNull(files));
  const pad = tokenizer.id("<|image_pad|>");
  if (pad !== facts.imageTokenId)
    throw new Error(
      `The tokenizer's <|image_pad|> has id ${pad}, config.json has image_token_id ${facts.imageTokenId}; the files belong to different models`,
    );
  const gpu =
    device === "gpu"
      ? await Gpu.open(platform.gpu, { half: true, otherName: () => platform.gpuName?.() ?? null })
      : null;
  try {
    const listed = await platform.list(name);
    const has = async (path: string) =>
      listed ? listed.includes(path) : (await platform.assetSize(`${name}/${path}`)) !== null;
    const half = gpu === null || gpu.device.features.has("shader-f16");
    const chosen = await chooseGraphs(has, { wanted, recommended: facts.dtypes, half });
    const folder: GraphFolder = {
      sizeBytes: (path) => platform.assetSize(`${name}/${path}`),
      read: (path) => platform.readAsset(`${name}/${path}`),
    };
    let ofBytes = 0;
    for (const { path } of Object.values(chosen)) ofBytes += (await folder.sizeBytes(path)) ?? 0;
    let doneBytes = 0;
    const read = (bytes: number) => {
      doneBytes += bytes;
      progress(doneBytes, Math.max(ofBytes, doneBytes));
    };
    const runtime = await openRuntime(gpu?.device ?? null);
    const model = await OnnxModel.open(runtime, folder, { facts, chosen, read });
    const dtypes = [...new Set(Object.values(chosen).map((one) => one.dtype))].join(", ");
    return {
      name,
      model,
      tokenizer,
      runBy: `${gpu ? gpu.adapterName : "the processor"}, by ${runtime.label} (${dtypes})`,
      close: async () => {
        // The graphs' memory is given back before the device that holds it.
        await model.close();
        gpu?.close();
      },
    };
  } catch (error) {
    gpu?.close();
    throw error;
  }
}
