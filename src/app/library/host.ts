import type { NamedBytes, Platform, RunStore } from "../../platform.ts";

/**
 * What differs between the places in which the library runs. `#host` in package.json is deno_host.ts, node_host.ts or
 * page_host.ts, by the conditions of whoever imports it.
 */
export interface Host {
  /** The machine: a GPU, and the files that models and tasks are read from. */
  openPlatform(): Promise<Platform>;
  /**
   * Writes files into a folder that must be new or empty, all of them or none.
   * @throws Error in one sentence where it is not, or where there are no folders
   */
  writeFolder(folder: string, files: readonly NamedBytes[]): Promise<void>;
  /** A new folder for a run. @throws Error in one sentence as above */
  createRun(folder: string): Promise<RunStore>;
  /** The folder of a run to continue. @throws Error in one sentence where there is none */
  resumeRun(folder: string): Promise<RunStore>;
}

/** Stored runs are locked and written by what Deno alone has. */
export const noRunFolders = (where: string): Error =>
  new Error(
    `Runs are stored by the command line and under Deno, not in ${where}; leave out the options out and resume, and keep the events that train gives and what model.checkpoint() gives`,
  );
