import { Gpu } from "../../gpu/gpu.ts";
import { smartResize } from "../../image/smart_resize.ts";
import type { LoadProgress } from "../../model/load.ts";
import { chooseGraphs, type GraphFolder, readDtypes } from "../../onnx/policy/graph_files.ts";
import { readOnnxFacts } from "../../onnx/policy/onnx_facts.ts";
import { OnnxModel } from "../../onnx/policy/onnx_model.ts";
import { OnnxPolicy } from "../../onnx/policy/onnx_policy.ts";
import type { OnnxRuntime } from "../../onnx/runtime/runtime.ts";
import type { Platform } from "../../platform.ts";
import { philox } from "../../tasks/random.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { fileOrNull, filesIn } from "../model_folder/model_files.ts";
import { openTokenizer } from "../model_folder/qwen_tokenizer.ts";
import type { OnnxDevice } from "./onnx_devices.ts";
import { PicturePool } from "./picture_pool.ts";
import { type JudgeAccess, type OwnParts, openRunContext } from "./run_context.ts";
import { type WeightlessParts, WeightlessSession } from "./weightless_session.ts";

/** A folder of graphs, and how they are run. */
export interface NamedGraphs {
  /** A folder, `owner/name@revision` on the Hub, or an address. */
  folder: string;
  /** As readDtypes reads it; "" takes what the folder recommends, or has. */
  dtype: string;
  device: OnnxDevice;
}

export interface OnnxSessionOptions {
  /** Loads onnxruntime-web (by platform). */
  openRuntime(device: GPUDevice | null): Promise<OnnxRuntime>;
  judgeAccess?: JudgeAccess;
  own?: OwnParts;
  signal?: AbortSignal;
  progress?: LoadProgress;
}

/** A model as ONNX graphs in the layout of transformers.js: it rolls, and cannot be trained. */
export class OnnxSession extends WeightlessSession {
  readonly #model: OnnxModel;
  readonly #gpu: Gpu | null;
  readonly #own: readonly string[];

  /** Reads and opens the graphs, and opens tasks and judge. @throws Error with one sentence for people */
  static async open(
    platform: Platform,
    config: RunConfig,
    { folder: name, dtype, device }: NamedGraphs,
    { openRuntime, judgeAccess = {}, own, signal, progress = () => {} }: OnnxSessionOptions,
  ): Promise<OnnxSession> {
    const wanted = dtype === "" ? {} : readDtypes(dtype);
    const files = filesIn(platform, name);
    if ((await files.sizeBytes("config.json")) === null)
      throw new Error(
        `Expected a model in ${name}, found no config.json there; name a folder, or owner/name@revision on the Hub, that holds onnx/ beside it`,
      );
    if (device === "gpu" && !platform.gpu)
      throw new Error(
        `Graphs are run on WebGPU, which is not there (${platform.gpuMissing}); run them on the processor instead (--onnx-device cpu)`,
      );
    const facts = await readOnnxFacts(files);
    const tokenizer = await openTokenizer(fileOrNull(files));
    const gpu =
      device === "gpu"
        ? await Gpu.open(platform.gpu, { half: true, otherName: () => platform.gpuName?.() ?? null })
        : null;
    try {
      const half = gpu === null || gpu.device.features.has("shader-f16");
      const listed = await platform.list(name);
      const has = async (path: string) =>
        listed ? listed.includes(path) : (await platform.assetSize(`${name}/${path}`)) !== null;
      const chosen = await chooseGraphs(has, { wanted, recommended: facts.dtypes, half });
      const pad = tokenizer.id("<|image_pad|>");
      if (pad !== facts.imageTokenId)
        throw new Error(
          `The tokenizer's <|image_pad|> has id ${pad}, config.json has image_token_id ${facts.imageTokenId}; the files belong to different models`,
        );
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
      const { patchSize, mergeSize, minPixels, maxPixels } = facts.preprocessor;
      const most = config.maxPixels > 0 ? Math.min(config.maxPixels, maxPixels) : maxPixels;
      const limits = { factor: patchSize * mergeSize, minPixels: Math.min(minPixels, most), maxPixels: most };
      const pool = new PicturePool((width, height) => smartResize(height, width, limits, "transformers"), null);
      try {
        const context = await openRunContext(config, { platform, tokenizer, view: limits, pool, judgeAccess, own });
        const policy = new OnnxPolicy({ model, name, view: limits, vocabulary: tokenizer, random: philox });
        const dtypes = [...new Set(Object.values(chosen).map((one) => one.dtype))].join(", ");
        const where = gpu ? gpu.adapterName : "the processor";
        return new OnnxSession(
          { model, gpu, own: facts.preprocessor.notices },
          {
            policy,
            name,
            adapter: `${where}, by ${runtime.label} (${dtypes})`,
            where: "--policy-onnx",
            vocabulary: tokenizer,
            chat: context.chat,
            context,
            pool,
            frame: facts.frame,
            limits,
            imageTokens: ({ width, height }) => (width / limits.factor) * (height / limits.factor),
            current: { current: signal },
          },
        );
      } catch (error) {
        pool.close();
        await model.close();
        throw error;
      }
    } catch (error) {
      gpu?.close();
      throw error;
    }
  }

  private constructor(
    { model, gpu, own }: { model: OnnxModel; gpu: Gpu | null; own: readonly string[] },
    parts: WeightlessParts,
  ) {
    super(parts);
    this.#model = model;
    this.#gpu = gpu;
    this.#own = own;
  }

  override get notices(): readonly string[] {
    return this.#own;
  }

  override close(): void {
    super.close();
    // The graphs' memory is given back before the device that holds it.
    void this.#model.close().finally(() => this.#gpu?.close());
  }
}
