import { readFileSync, statSync } from "node:fs";
import { openGolden, storedImages } from "../../src/app/parity/golden_folder.ts";
import type { CheckpointFiles } from "../../src/model/checkpoint_files.ts";
import { loadModel } from "../../src/model/load.ts";
import { gpu } from "./device.ts";

/** The files of a folder on disk. */
export function folder(path: URL): CheckpointFiles {
  return {
    read: async (name, start = 0, end) => new Uint8Array(readFileSync(new URL(name, path))).subarray(start, end),
    sizeBytes: async (name) => statSync(new URL(name, path), { throwIfNoEntry: false })?.size ?? null,
  };
}

/** A folder of test/golden that holds a model, inputs and what the reference programs made of them. */
export const goldenFiles = (name: string): CheckpointFiles => folder(new URL(`../golden/${name}/`, import.meta.url));

/** Its model, to be trained, and its pictures. */
export async function goldenModel(name: string) {
  const golden = await openGolden(goldenFiles(name));
  const model = await loadModel(gpu, golden.files, { trained: true });
  return { model, ...golden, images: storedImages(golden, model.config.vision.spatialMergeSize) };
}

/** A folder of which one file is another. */
export const withFile = (files: CheckpointFiles, name: string, bytes: Uint8Array): CheckpointFiles => ({
  read: async (file, start, end) => (file === name ? bytes.slice(start, end) : files.read(file, start, end)),
  sizeBytes: async (file) => (file === name ? bytes.length : files.sizeBytes(file)),
});
