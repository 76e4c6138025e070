import type { Platform } from "../../../platform.ts";
import { exportOfCheckpoint } from "../../../train/export.ts";
import { readTrainerState } from "../../../train/trainer_state.ts";
import { fileOrNull, filesIn } from "../../model_folder/model_files.ts";
import type { ExportedModel } from "../../worker_api/run_api.ts";
import { isDropped } from "../browser/dropped_files.ts";
import { storedCheckpoint } from "./run_store.ts";

/**
 * The weights of a stored run's checkpoint. Needs no GPU; what a folder holds beside weights comes from the model that
 * the run began with. @throws Error where there is no checkpoint, or where that model is not there
 */
export async function storedExport(platform: Platform, run: string): Promise<ExportedModel> {
  const checkpoint = await storedCheckpoint(run);
  if (!checkpoint)
    throw new Error(
      `The run "${run}" has no checkpoint, so there are no weights of it; go on with it, and Pause saves one`,
    );
  const { model } = readTrainerState(checkpoint).config;
  try {
    return { run, ...(await exportOfCheckpoint(checkpoint, fileOrNull(filesIn(platform, model)))) };
  } catch (error) {
    const remedy = isDropped(model) ? "; drop the same folder on the page again" : "";
    throw new Error(
      `The checkpoint of the run "${run}", which began with ${model}: ${(error as Error).message}${remedy}`,
    );
  }
}
