import { type Signal, signal } from "@preact/signals";
import type { DroppedFolder, GivenFile } from "../../worker_api/dropped_folder.ts";
import type { RunApi } from "../../worker_api/run_api.ts";
import type { Notices } from "./notices.ts";

/** Files that a person dropped or chose in this visit. */
export class GivenFiles {
  /** What was found in them, newest first. */
  readonly found: Signal<readonly DroppedFolder[]> = signal([]);
  readonly #api: Pick<RunApi, "drop" | "files">;
  readonly #notices: Notices;

  constructor(api: Pick<RunApi, "drop" | "files">, notices: Notices) {
    this.#api = api;
    this.#notices = notices;
  }

  /** Takes files into the page and returns what was found in them; nothing is opened. */
  async take(files: GivenFile[]): Promise<DroppedFolder[]> {
    const found = await this.#api.drop(files);
    // Whether they are the files that a notice asked for is checked again.
    this.#notices.settle(/\bdrop the same files\b/);
    const others = this.found.peek().filter((before) => !found.some(({ path }) => path === before.path));
    this.found.value = [...found, ...others];
    return found;
  }

  /** Finds what came with runs out of files, and is kept. */
  async restore(): Promise<void> {
    const kept = await this.#api.files.kept();
    const others = this.found.peek().filter((before) => !kept.some(({ path }) => path === before.path));
    this.found.value = [...others, ...kept];
  }
}
