import type { DroppedFiles } from "../../src/app/web/browser/dropped_files.ts";
import type { Platform } from "../../src/platform.ts";

/** A platform without a GPU that holds what was dropped and nothing else. */
export const droppedPlatform = (dropped: DroppedFiles): Platform => ({
  name: "browser",
  gpu: null,
  gpuMissing: "There is none",
  assetSize: async (path) => dropped.sizeBytes(path),
  readAsset: (path, startByte, endByte) => dropped.read(path, startByte, endByte),
  list: async (path) => dropped.list(path),
  addressOf: () => null,
});
