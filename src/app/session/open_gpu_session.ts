import { Gpu } from "../../gpu/gpu.ts";
import { type SizeLimits, smartResize } from "../../image/smart_resize.ts";
import { expectCacheable } from "../../model/cache.ts";
import { preprocessorIn } from "../../model/families/read_files.ts";
import { loadModel } from "../../model/load.ts";
import type { Model } from "../../model/model.ts";
import { GpuPictures } from "../../model/pictures/gpu_pictures.ts";
import type { Preprocessor } from "../../model/preprocessor.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import { openAdapter } from "../../train/adapter.ts";
import { expectBaseDtype, expectMatrixUnits, hasAdapter } from "../../train/adapter_settings.ts";
import { expectFreezable, frozenWeights } from "../../train/frozen_weights.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { matrixUnitsLack, useMatrixUnits } from "../kernels/matrix_units.ts";
import { chooseProductsFor } from "../kernels/tuned_products.ts";
import { expectFits } from "../memory/estimate.ts";
import type { ModelSizes } from "../memory/simulated_step.ts";
import { expectWeights, fileOrNull, filesIn } from "../model_folder/model_files.ts";
import { openTokenizer } from "../model_folder/qwen_tokenizer.ts";
import { GpuSession } from "./gpu_session.ts";
import { PicturePool } from "./picture_pool.ts";
import { openRunContext } from "./run_context.ts";
import type { OpenSession, Overlap } from "./session.ts";

/** Opens the adapter and loads the model that the configuration names. @throws Error in one sentence for people */
export const openGpuSession = (async (platform, config, options = {}): Promise<GpuSession> => {
  if (!platform.gpu) throw new Error(platform.gpuMissing);
  const frozen = options.frozen ?? false;
  if (!frozen) {
    expectBaseDtype(config);
    expectMatrixUnits(config);
    expectFreezable(config);
  }
  const notices = platform.gpuNotice === undefined ? [] : [platform.gpuNotice];
  // A run's model can be used, and exported, where the run could not be made.
  const lack = config.matrixUnits === "on" && frozen ? await matrixUnitsLack(platform.gpu) : null;
  if (lack !== null) notices.push(`matrixUnits is on, but products stay in f32 on this adapter: ${lack}`);
  const gpu = await Gpu.open(platform.gpu, {
    matrixUnits: config.matrixUnits === "on" && lack === null,
    otherName: () => platform.gpuName?.() ?? null,
  });
  const files = filesIn(platform, config.model);
  try {
    if ((await files.sizeBytes("config.json")) === null)
      throw new Error(
        `Expected a model in ${config.model}, found no config.json there; name a shipped variant, a folder, or owner/name@revision on the Hub`,
      );
    await expectWeights(platform, config.model);
    const tokenizer = await openTokenizer(fileOrNull(files));
    const notice = (sentence: string) => notices.push(sentence);
    const { baseDtype, kvCacheDtype } = config;
    const { progress } = options;
    const trained = !frozen && !hasAdapter(config);
    const device = { limits: gpu.device.limits, software: gpu.software };
    const before = async (sizes: ModelSizes) => {
      expectCacheable(sizes.config.text, config.kvCacheDtype);
      if (!frozen) await expectFits(config, sizes, await preprocessorIn(files), device);
    };
    const isFrozen = frozenWeights(config);
    const model = await loadModel(gpu, files, { trained, isFrozen, baseDtype, kvCacheDtype, notice, progress, before });
    checkTokens(tokenizer, model);
    const adapterFiles = config.adapter === "" ? null : filesIn(platform, config.adapter);
    model.adapter = await openAdapter(gpu, model, config, adapterFiles);
    gpu.check();
    notices.push(...(await useMatrixUnits(gpu, model)));
    if (options.tune !== false) notices.push(...(await chooseProductsFor(gpu, model, platform.cache)));
    const view = viewOf(model, await preprocessorIn(files), config);
    const { pictures = gpu.software ? "host" : "device" } = options;
    const pool = new PicturePool(
      (widthPx, heightPx) => smartResize(heightPx, widthPx, view, "transformers"),
      pictures === "device" ? GpuPictures.of(gpu) : null,
    );
    const { judgeAccess = {} } = options;
    const open = (wanted: RunConfig, own = options.own) =>
      openRunContext(wanted, { platform, tokenizer, view, pool, judgeAccess, own });
    try {
      const context = await open(config);
      const parts = { gpu, model, tokenizer, view, pool, files, adapterFiles, notices };
      const overlap = options.overlap ?? usualOverlap(gpu);
      return new GpuSession(parts, context, open, {
        overlap,
        kernels: options.trace ?? false,
        timeline: options.trace ?? options.timeline ?? false,
      });
    } catch (error) {
      pool.close();
      throw error;
    }
  } catch (error) {
    gpu.close();
    throw error;
  }
}) satisfies OpenSession;

/**
 * On the CPU nothing runs beside the host. A second lane doubles what the host submits and, where decoding reads all weights,
 * what the GPU does: it pays only where calls take longer than that, which those of the built-in tools do not.
 */
const usualOverlap = ({ software }: Gpu): Overlap => ({ ahead: !software, lanes: 1 });

/** Ids are rows of the embedding, a picture's token is the one that the model looks for, and calls have their tokens. */
function checkTokens(tokenizer: Tokenizer, { config: { text, imageTokenId }, family: { callSyntax } }: Model): void {
  if (tokenizer.largestId >= text.vocabSize)
    throw new Error(
      `The tokenizer has a token with id ${tokenizer.largestId}, config.json has vocab_size ${text.vocabSize}; the files belong to different models`,
    );
  for (const token of [callSyntax.open, callSyntax.close]) tokenizer.id(token);
  const pad = tokenizer.id("<|image_pad|>");
  if (pad !== imageTokenId)
    throw new Error(
      `The tokenizer's <|image_pad|> has id ${pad}, config.json has image_token_id ${imageTokenId}; the files belong to different models`,
    );
}

/** How large the model sees pictures: as its preprocessor says, or smaller where the run wants that. */
function viewOf(model: Model, limits: Preprocessor, { maxPixels }: RunConfig): SizeLimits {
  const { patchSize, spatialMergeSize } = model.config.vision;
  // Source pixels a side of an image token.
  const factor = patchSize * spatialMergeSize;
  const most = maxPixels > 0 ? Math.min(maxPixels, limits.maxPixels) : limits.maxPixels;
  return { factor, minPixels: Math.min(limits.minPixels, most), maxPixels: most };
}
