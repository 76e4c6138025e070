import { openFile } from "../../model/checkpoint_files.ts";
import { FolderWeights } from "../../model/folder_weights.ts";
import { readJson } from "../../model/json_file.ts";
import { adapterParameterName, adapterWeightsFile } from "../../model/lora.ts";
import { adapterConfigFile, readLoraConfig } from "../../model/lora_config.ts";
import type { NamedBytes, Platform } from "../../platform.ts";
import { readWeights } from "../../train/checkpoint.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { filesIn } from "../model_folder/model_files.ts";

/**
 * The weights of a run's checkpoint, or of the model and adapter of a configuration, as its passes compute with them. Needs
 * no GPU. @throws Error as FolderWeights.open and readWeights do
 */
export async function weightsOfRun(
  platform: Platform,
  config: RunConfig,
  checkpoint: readonly NamedBytes[] | null,
  notice?: (sentence: string) => void,
): Promise<{ step: number; weights: FolderWeights }> {
  const files = filesIn(platform, config.model);
  if (!checkpoint) {
    const adapter = config.adapter === "" ? undefined : await adapterIn(platform, config.adapter);
    return { step: 0, weights: await FolderWeights.open(files, { baseDtype: config.baseDtype, adapter, notice }) };
  }
  const { step, weights, adapter } = await readWeights(checkpoint);
  if (adapter !== null) {
    const added = { config: readLoraConfig(adapter), weights };
    return { step, weights: await FolderWeights.open(files, { baseDtype: config.baseDtype, adapter: added, notice }) };
  }
  // What was trained is f32, whatever the folder has that it began as.
  const baseDtype = config.baseDtype === "auto" ? "f32" : config.baseDtype;
  return { step, weights: await FolderWeights.open(files, { baseDtype, trained: weights, notice }) };
}

async function adapterIn(platform: Platform, folder: string) {
  const files = filesIn(platform, folder);
  const tensors = await openFile(files, adapterWeightsFile);
  const weights = [];
  for (const { name, shape, values } of tensors)
    weights.push({ name: adapterParameterName(name), shape, values: await values() });
  return { config: readLoraConfig(await readJson(files, adapterConfigFile)), weights };
}
