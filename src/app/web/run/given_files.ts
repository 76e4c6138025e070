import { type Signal, signal } from "@preact/signals";
import type { DroppedFolder, GivenFile } from "../../worker_api/dropped_folder.ts";
import type { RunApi } from "../../worker_api/run_api.ts";
import type { Notices } from "./notices.ts";

/** Files that a person dropped or chose in this visit. */
export class GivenFiles {
  /** What was found in them, newest first. */
  readonly found: Signal<readonly DroppedFolder[]> = signal([]);
  readonly #taken: GivenFile[][] = [];
  readonly #api: Pick<RunApi, "drop">;
  readonly #notices: Notices;

  constructor(api: Pick<RunApi, "drop">, notices: Notices) {
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
}
