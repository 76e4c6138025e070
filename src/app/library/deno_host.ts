import type { Platform } from "../../platform.ts";
import { openDenoPlatform } from "../deno/platform.ts";
import { createRunFolder, resumeRunFolder, writeNewFolder } from "../deno/storage/run_folder.ts";
import type { Host } from "./host.ts";

let platform: Promise<Platform> | null = null;

/** The library in Deno: what the command line has. */
export const host: Host = {
  openPlatform: () => {
    platform ??= openDenoPlatform(true);
    return platform;
  },
  writeFolder: writeNewFolder,
  createRun: createRunFolder,
  resumeRun: resumeRunFolder,
};
