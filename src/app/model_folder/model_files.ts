import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import type { Platform } from "../../platform.ts";

/** The files of a model's or an adapter's folder, wherever the platform finds it. */
export function filesIn(platform: Platform, folder: string): CheckpointFiles {
  return {
    read: (name, startByte, endByte) => platform.readAsset(`${folder}/${name}`, startByte, endByte),
    sizeBytes: (name) => platform.assetSize(`${folder}/${name}`),
  };
}

/** Reads a file of the folder, or gives null where there is none. */
export const fileOrNull =
  (files: CheckpointFiles) =>
  async (name: string): Promise<Uint8Array | null> =>
    (await files.sizeBytes(name)) === null ? null : files.read(name);

/** @throws Error with one sentence where a folder holds ONNX graphs in the place of weights */
export async function expectWeights(platform: Platform, folder: string): Promise<void> {
  const { sizeBytes } = filesIn(platform, folder);
  for (const name of ["model.safetensors", "model.safetensors.index.json"])
    if ((await sizeBytes(name)) !== null) return;
  const graph = (await platform.list(folder))?.find((path) => /^onnx\/decoder_model_merged\w*\.onnx$/.test(path));
  if (graph !== undefined)
    throw new Error(
      `${folder} holds ONNX graphs (${graph}) and no model.safetensors: graphs can sample (rollout, eval and benchmark with --policy-onnx, in the page on the Compare tab) and cannot be trained; name the repository with the model.safetensors that they were made from`,
    );
}
