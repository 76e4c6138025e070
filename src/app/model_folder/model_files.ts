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
