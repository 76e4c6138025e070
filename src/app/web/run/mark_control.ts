import { effect, type Signal, signal } from "@preact/signals";
import { isBlank, type RolloutMark } from "../../../train/rollout_mark.ts";
import type { ListApi, ListedRun } from "../../worker_api/list_api.ts";
import type { Store } from "./store.ts";

/** What a person says of a rollout. */
export type Said = Pick<RolloutMark, "note" | "tags" | "judgeWrong">;

export const nothingSaid: Said = { note: "", tags: [], judgeWrong: false };

/** Which of the worker's two runs is shown. */
export const listedRun = (store: Store): ListedRun => (store.replay.value ? "shown" : "live");

/** What a person says of rollouts of the shown run: loads it and keeps it in this browser. */
export class MarkControl {
  /** By id of rollout. */
  readonly marks: Signal<ReadonlyMap<string, RolloutMark>> = signal(new Map());
  readonly #api: ListApi;
  readonly #store: Store;

  constructor(api: ListApi, store: Store) {
    this.#api = api;
    this.#store = store;
    effect(() => {
      this.marks.value = new Map();
      void this.#load(store.tree.value);
    });
    // Another tab may have said something of the same rollouts, which must not be overwritten.
    globalThis.addEventListener?.("focus", () => void this.#load(store.tree.peek()));
  }

  of(rollout: string): Said {
    return this.marks.value.get(rollout) ?? nothingSaid;
  }

  /** Keeps it; what could not be kept is said, and stays on the page. False where it was not kept. */
  async say(rollout: string, said: Partial<Said>): Promise<boolean> {
    const store = this.#store;
    const tree = store.tree.peek();
    if (tree === null) return false;
    const mark = { ...this.of(rollout), ...said, rollout, madeAt: new Date().toISOString() };
    const marks = new Map(this.marks.value);
    if (isBlank(mark)) marks.delete(rollout);
    else marks.set(rollout, mark);
    this.marks.value = marks;
    try {
      await this.#api.mark(listedRun(store), tree, mark);
      return true;
    } catch (error) {
      store.notices.error(error);
      return false;
    }
  }

  async #load(tree: string | null): Promise<void> {
    if (tree === null) return;
    const { tree: now, notices } = this.#store;
    try {
      const kept = await this.#api.marks(listedRun(this.#store), tree);
      if (now.peek() === tree) this.marks.value = new Map(kept.map((mark) => [mark.rollout, mark]));
    } catch (error) {
      notices.error(error);
    }
  }
}
