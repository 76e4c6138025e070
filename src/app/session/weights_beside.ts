import type { Gpu } from "../../gpu/gpu.ts";
import { sizeText } from "../../gpu/size_text.ts";
import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import { fillModel, openModel } from "../../model/load.ts";
import type { Model } from "../../model/model.ts";
import { openAdapter } from "../../train/adapter.ts";
import { hasAdapter } from "../../train/adapter_settings.ts";
import type { RunConfig } from "../../train/knobs.ts";

/** No larger model is loaded a second time: a run beside it would lack the memory, and fail in the middle of a step. */
const mostBesideBytes = 2 ** 30;

/** The model of a session, on its device. */
interface BesideParts {
  gpu: Gpu;
  qwen: Model;
  files: CheckpointFiles;
  adapterFiles: CheckpointFiles | null;
}

/**
 * A session's model a second time, with the weights that its folders hold and none of the training. Beside an adapter it
 * shares the weights under it, which no run changes.
 * @throws Error in one sentence where it is too large
 */
export async function modelBeside(
  { gpu, qwen, files, adapterFiles }: BesideParts,
  config: RunConfig,
): Promise<{ model: Model; free(): void }> {
  if (hasAdapter(config)) {
    const model = qwen.withoutAdapter();
    model.adapter = await openAdapter(gpu, model, config, adapterFiles);
    return { model, free: () => model.adapter?.parameters.free() };
  }
  const bytes = qwen.parameters.count * Float32Array.BYTES_PER_ELEMENT;
  if (bytes > mostBesideBytes)
    throw new Error(
      `Other weights of this model would take ${sizeText(bytes)} beside those that are trained, at most ${sizeText(mostBesideBytes)} are loaded; ask the current weights, or train an adapter (loraRank)`,
    );
  // As they are trained: f32, of which bf16 may be read.
  const baseDtype = config.baseDtype === "auto" ? "f32" : config.baseDtype;
  const { formOf } = await openModel(files, baseDtype);
  const model = qwen.withOwnWeights({ trained: false, formOf });
  const free = () => model.parameters.free();
  try {
    await fillModel(model, files);
  } catch (error) {
    free();
    throw error;
  }
  return { model, free };
}
