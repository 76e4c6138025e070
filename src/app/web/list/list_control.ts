import { effect, type Signal, signal } from "@preact/signals";
import { parseSorting } from "../../rollout_list/fields.ts";
import type { ListRow } from "../../rollout_list/list_row.ts";
import { parseQuery } from "../../rollout_list/query.ts";
import type { FoundList } from "../../worker_api/list_api.ts";
import { listedRun } from "../run/mark_control.ts";
import type { PageContext } from "../run/page_context.ts";

/** Rows that are asked for at once. */
const chunkRows = 64;
/** Chunks that stay: those around what is seen. */
const keptChunks = 12;
/** A run that goes on is searched again this often. */
const againMs = 1000;

/** What a search found, and the rows of it that are here. */
export interface ShownList extends FoundList {
  chunks: ReadonlyMap<number, readonly ListRow[]>;
}

/** The list of a run's rollouts: searches when the filter or the run changes, and fetches the rows that are seen. */
export class ListControl {
  readonly shown: Signal<ShownList | null> = signal(null);
  /** Why the text of the filter is none. */
  readonly problem: Signal<string | null> = signal(null);
  readonly #page: PageContext;
  /** Counts searches, so that an earlier one that comes late is passed over. */
  #asked = 0;
  #searchedMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Places that are seen. */
  #from = 0;
  #to = chunkRows;
  readonly #waiting = new Set<string>();

  constructor(page: PageContext) {
    this.#page = page;
  }

  /** Searches from here on when something changes. Returns what ends it. */
  follow(): () => void {
    const { store, marks } = this.#page;
    let last = "";
    const stop = effect(() => {
      const of = listedRun(store);
      const key = JSON.stringify([of, store.tree.value, store.find.value, store.sorting.value]);
      // Groups of a run under way, and what is said of rollouts.
      void store.live.value.steps;
      void marks.marks.value;
      const isOther = key !== last;
      last = key;
      clearTimeout(this.#timer);
      const waitMs = isOther ? 0 : Math.max(0, this.#searchedMs + againMs - performance.now());
      if (waitMs === 0) void this.#search();
      else this.#timer = setTimeout(() => void this.#search(), waitMs);
    });
    return () => {
      stop();
      clearTimeout(this.#timer);
    };
  }

  /** The places that are seen have changed. */
  see(from: number, to: number): void {
    this.#from = from;
    this.#to = to;
    void this.#ask();
  }

  /** The row at a place, if it is here. */
  row(place: number): ListRow | null {
    return this.shown.value?.chunks.get(Math.floor(place / chunkRows))?.[place % chunkRows] ?? null;
  }

  /** The same, waited for. */
  async rowAt(place: number): Promise<ListRow | null> {
    const here = this.row(place);
    const search = this.shown.peek()?.search;
    if (here || search === undefined) return here;
    return (await this.#page.control.api.rollouts.rows(search, place, 1))[0] ?? null;
  }

  /** Shows a rollout beside the list: from the log, where it has left memory. */
  async choose({ id, step }: ListRow): Promise<void> {
    const { store, control } = this.#page;
    store.pinned.value = id;
    if (store.replay.peek()) return control.replay.reach(step);
    const isHere = store.steps.peek().some((record) => record.step === step);
    if (isHere || store.recalled.peek()?.step === step) return;
    try {
      const found = await control.api.rollouts.recall(step);
      if (found && store.pinned.peek() === id) store.recalled.value = { ...found, complete: true };
    } catch (error) {
      store.notices.error(error);
    }
  }

  async #search(): Promise<void> {
    const { store, control } = this.#page;
    this.#searchedMs = performance.now();
    const mine = ++this.#asked;
    const query = store.find.peek();
    const sorting = store.sorting.peek();
    try {
      parseQuery(query);
      parseSorting(sorting);
      this.problem.value = null;
    } catch (error) {
      this.problem.value = (error as Error).message;
      return;
    }
    try {
      const found = await control.api.rollouts.find({ of: listedRun(store), query, sorting });
      if (mine !== this.#asked) return;
      // What is seen first: the list does not turn empty in between.
      const first = Math.floor(Math.min(this.#from, Math.max(0, found.found - 1)) / chunkRows);
      const rows = await control.api.rollouts.rows(found.search, first * chunkRows, chunkRows);
      if (mine !== this.#asked) return;
      this.#waiting.clear();
      this.shown.value = { ...found, chunks: new Map([[first, rows]]) };
      await this.#ask();
    } catch (error) {
      if (mine === this.#asked) store.notices.error(error);
    }
  }

  /** The chunks around what is seen that are not here yet. */
  async #ask(): Promise<void> {
    const shown = this.shown.peek();
    if (!shown) return;
    const { search, found } = shown;
    const last = Math.floor(Math.min(this.#to, found - 1) / chunkRows);
    for (let chunk = Math.max(0, Math.floor(this.#from / chunkRows)); chunk <= last; chunk++) {
      const key = `${search} ${chunk}`;
      if (shown.chunks.has(chunk) || this.#waiting.has(key)) continue;
      this.#waiting.add(key);
      try {
        const rows = await this.#page.control.api.rollouts.rows(search, chunk * chunkRows, chunkRows);
        const now = this.shown.peek();
        if (now?.search !== search) return;
        const kept = [...now.chunks].slice(-keptChunks);
        this.shown.value = { ...now, chunks: new Map([...kept, [chunk, rows]]) };
      } catch (error) {
        this.#page.store.notices.error(error);
      } finally {
        this.#waiting.delete(key);
      }
    }
  }
}
