import { openDenoPlatform } from "../deno/platform.ts";
import { createRunFolder, resumeRunFolder, writeNewFolder } from "../deno/storage/run_folder.ts";
import type { Host } from "./host.ts";

/** The library in Deno: what the command line has. */
export const host: Host = {
  openPlatform: () => openDenoPlatform(true),
  writeFolder: writeNewFolder,
  createRun: createRunFolder,
  resumeRun: resumeRunFolder,
};
