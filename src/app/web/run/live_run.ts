import type { TrainEvent } from "../../../train/events.ts";
import { Player } from "../../run/player.ts";
import type { RunApi } from "../../worker_api/run_api.ts";
import { counted } from "../labels/numbers.ts";
import { RunClock } from "./run_clock.ts";
import type { RunState } from "./run_state.ts";
import type { Store } from "./store.ts";

/** The run of this page: plays and pauses it, saves it, and says what becomes of it. */
export class LiveRun {
  readonly #api: RunApi;
  readonly #store: Store;
  readonly #clock: RunClock;
  readonly #broken: () => Promise<void>;
  #player: Player | null = null;

  /** @param broken  called when the run broke off, so that the device can be opened again */
  constructor(api: RunApi, store: Store, broken: () => Promise<void>) {
    this.#api = api;
    this.#store = store;
    this.#clock = new RunClock(store);
    this.#broken = broken;
  }

  /** There is one that can be played on. */
  get running(): boolean {
    return this.#player !== null && this.#player.state !== "over";
  }

  get playing(): boolean {
    return this.#player?.state === "playing" || this.#player?.state === "stepping";
  }

  /** The worker has begun a run. @param before  what is known of it already, where it is continued */
  begun(name: string, before: RunState): void {
    const store = this.#store;
    store.startOver(before);
    store.notices.dismissAbout("run done");
    store.storedAs.value = name;
    store.interrupted.value = null;
    this.#clock.reset();
    if (store.opened.value) store.opened.value = { ...store.opened.value, resumable: undefined };
    this.#player = this.#makePlayer();
  }

  async play(): Promise<void> {
    await this.#player?.play();
  }

  /** One GRPO step; it is saved. */
  async step(): Promise<void> {
    await this.#player?.step();
    if (this.#player?.state === "paused") await this.save();
  }

  /** What is paused is saved. */
  async pause(): Promise<void> {
    await this.#player?.pause();
    await this.save();
  }

  /** Writes a checkpoint of the last step that was made, so that nothing is lost when the page goes. */
  async save(): Promise<void> {
    if (!this.#player) return;
    try {
      const saved = await this.#api.save();
      if (saved) this.#receive(saved);
      this.#store.publish();
    } catch (error) {
      if (isStorage(error)) this.#tellUnsaved((error as Error).message);
      else this.#fail(error as Error);
    }
  }

  /** Saves and ends it. @throws Error where the storage is full, or refuses */
  async end(): Promise<void> {
    await this.#player?.pause();
    try {
      // Also where it is over: it may wait for free storage.
      if (this.#player) await this.#api.stop();
    } catch (error) {
      if (isStorage(error)) throw error;
      return this.#fail(error as Error);
    }
    this.#player = null;
    this.#store.startOver();
    this.#store.storedAs.value = null;
    this.#store.interrupted.value = null;
    this.#clock.reset();
  }

  #makePlayer(): Player {
    const store = this.#store;
    return new Player(this.#api, {
      event: (event) => this.#receive(event),
      state: (state) => {
        const runs = state === "playing" || state === "stepping";
        this.#clock.run(runs);
        if (!runs) store.publish();
        store.player.value = state;
      },
      failed: (error) => this.#fail(error),
    });
  }

  #receive(event: TrainEvent): void {
    const { notices } = this.#store;
    if (event.type === "alarm" && event.about === "storage") {
      this.#tellUnsaved(event.message);
      return;
    }
    this.#store.receive(event);
    if (event.type === "update") this.#clock.step();
    if (event.type === "checkpoint") notices.dismissAbout("storage");
    if (event.type === "end" && event.reason === "failed") notices.error(event.message ?? "");
    if (event.type === "end" && event.reason === "stopped" && event.message !== undefined)
      notices.add("information", event.message);
    if (event.type === "end" && event.reason === "done")
      notices.add("information", `The run is done: ${counted(event.step, "step")}`, {
        about: "run done",
        action: { label: "Compare it with others", run: () => (this.#store.tab.value = "runs") },
      });
  }

  /** The run goes on in memory. */
  #tellUnsaved(sentence: string): void {
    this.#store.notices.dismissAbout("storage");
    this.#store.notices.add("error", `${sentence}. The run is not lost: it goes on in this page`, {
      about: "storage",
      action: { label: "Save now", run: () => void this.save() },
    });
  }

  /** A run that threw is over for the worker. It can be gone on with, also where its settings were changed on its way. */
  #fail(error: Error): void {
    // One lost device may fail saving and playing both.
    if (!this.#player) return;
    const store = this.#store;
    const name = store.storedAs.value;
    this.#player = null;
    this.#clock.run(false);
    store.publish();
    store.player.value = "over";
    void this.#api
      .runs()
      .then((runs) => {
        const run = runs.find((candidate) => candidate.name === name);
        if (run) store.interrupted.value = { ...run, cause: error.message };
        else store.notices.error(error);
      })
      .catch(() => store.notices.error(error))
      .then(() => this.#broken());
  }
}

/** The storage is full, or refuses. Errors of a worker keep their names. */
export const isStorage = (error: unknown): boolean => /^Storage(Full|Problem)$/.test((error as Error).name);
