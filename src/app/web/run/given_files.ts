import { type Signal, signal } from "@preact/signals";
import type { RunConfig } from "../../../train/knobs.ts";
import { longestConfigBytes, readConfigFile } from "../../run/config_file.ts";
import type { DroppedFolder, GivenFile } from "../../worker_api/dropped_folder.ts";
import type { RunApi } from "../../worker_api/run_api.ts";
import type { Notices } from "./notices.ts";

/** Settings of a file. */
export interface GivenConfig {
  name: string;
  changes: Partial<RunConfig>;
  problem?: string;
}

/** Files that a person dropped or chose in this visit. */
export class GivenFiles {
  /** What was found in them, newest first. */
  readonly found: Signal<readonly DroppedFolder[]> = signal([]);
  readonly #taken: GivenFile[][] = [];
  /** What a file of settings says that was dropped or chosen last, or what is wrong with it. */
  readonly config: Signal<GivenConfig | null> = signal(null);
  readonly #api: Pick<RunApi, "drop" | "files">;
  readonly #notices: Notices;

  constructor(api: Pick<RunApi, "drop" | "files">, notices: Notices) {
    this.#api = api;
    this.#notices = notices;
  }

  /** Gives another worker what this one was given, in the same order, so that all has the same names. */
  async handTo(api: Pick<RunApi, "drop">): Promise<void> {
    for (const files of this.#taken) await api.drop(files);
  }

  /** Takes files into the page and returns what was found in them; nothing is opened. */
  async take(files: GivenFile[]): Promise<DroppedFolder[]> {
    const found = await this.#api.drop(files);
    this.#taken.push(files);
    // Whether they are the files that a notice asked for is checked again.
    this.#notices.settle(/\bdrop the same files\b/);
    const others = this.found.peek().filter((before) => !found.some(({ path }) => path === before.path));
    this.found.value = [...found, ...others];
    return found;
  }

  /** Reads a file of settings; nothing is set. */
  async takeConfig(file: File): Promise<void> {
    const { name } = file;
    try {
      if (file.size > longestConfigBytes)
        throw new Error(`${name}: expected settings of a run, found ${file.size.toLocaleString("en")} bytes`);
      this.config.value = { name, changes: readConfigFile(await file.text(), name) };
    } catch (error) {
      this.config.value = { name, changes: {}, problem: (error as Error).message };
    }
  }

  /** Finds what came with runs out of files, and is kept. */
  async restore(): Promise<void> {
    const kept = await this.#api.files.kept();
    const others = this.found.peek().filter((before) => !kept.some(({ path }) => path === before.path));
    this.found.value = [...others, ...kept];
  }
}
