import type { RunApi } from "../../worker_api/run_api.ts";
import { isStorage } from "./live_run.ts";
import type { Store } from "./store.ts";
import { foldWarmup, noWarmup } from "./warmup_state.ts";

/** The supervised stages from the page: begins them, pulls their events, stops them. Errors become notices. */
export class WarmupControl {
  readonly #api: RunApi;
  readonly #store: Store;
  #stopping: Promise<void> | null = null;

  constructor(api: RunApi, store: Store) {
    this.#api = api;
    this.#store = store;
  }

  /** Runs until it is over or stopped. `resume` goes on from where it was stopped. False where what it made could not be kept. */
  async run(resume: boolean): Promise<boolean> {
    const { warmup, notices, config } = this.#store;
    const before = resume ? { ...warmup.value, end: null, evals: [] } : noWarmup;
    this.#stopping = null;
    warmup.value = { ...before, running: true };
    try {
      await this.#api.startWarmup(config.value, { resume });
      while (!this.#stopping) {
        const event = await this.#api.nextWarmup();
        if (event === null) break;
        warmup.value = foldWarmup(warmup.value, event);
      }
      await (this.#stopping ?? this.#api.stopWarmup());
      return true;
    } catch (error) {
      if (isStorage(error)) {
        this.#tellUnkept((error as Error).message);
        return false;
      }
      notices.error(error);
      if (this.#stopping && warmup.value.last === null && !resume)
        notices.add("information", "The warm-up was stopped before its first step was made: there is nothing to keep");
      return true;
    } finally {
      warmup.value = { ...warmup.value, running: false, stopping: false };
      await this.list();
    }
  }

  /** Ends it; a step under way is given up, and what was made before is kept. */
  stop(): void {
    // Not after the step: on a slow adapter one takes minutes.
    this.#stopping ??= this.#api.stopWarmup();
    // The error is reported where the warm-up is awaited.
    this.#stopping.catch(() => {});
    this.#store.warmup.value = { ...this.#store.warmup.value, stopping: true };
  }

  #tellUnkept(sentence: string): void {
    const { notices } = this.#store;
    notices.dismissAbout("storage");
    notices.add("error", `${sentence}. What was made stays in this page until something else is begun`, {
      about: "storage",
      action: { label: "Save now", run: () => void this.#keep() },
    });
  }

  async #keep(): Promise<void> {
    const { notices } = this.#store;
    try {
      await this.#api.keepWarmup();
      notices.dismissAbout("storage");
      await this.list();
    } catch (error) {
      if (isStorage(error)) this.#tellUnkept((error as Error).message);
      else notices.error(error);
    }
  }

  /** Looks up the models that were made here. */
  async list(): Promise<void> {
    try {
      this.#store.models.value = await this.#api.models();
    } catch (error) {
      this.#store.notices.error(error);
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await this.#api.removeModel(name);
    } catch (error) {
      this.#store.notices.error(error);
    }
    await this.list();
  }
}
