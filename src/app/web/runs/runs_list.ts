import { type Signal, signal } from "@preact/signals";
import type { StoredRun } from "../../worker_api/run_api.ts";
import { download, fileName } from "../browser/download.ts";
import type { PageContext } from "../run/page_context.ts";
import { savedLog } from "../run/saved_log.ts";

/** The stored runs of a page, and what is done with them. Errors become notices. */
export class RunsList {
  /** Newest first; null until they were read. */
  readonly runs: Signal<readonly StoredRun[] | null> = signal(null);
  readonly #page: Pick<PageContext, "store" | "control">;
  #measuring = false;

  constructor(page: Pick<PageContext, "store" | "control">) {
    this.#page = page;
  }

  /** Reads the list anew. */
  async read(): Promise<void> {
    const { store, control } = this.#page;
    try {
      this.runs.value = await control.api.runs();
      const names = new Set(this.runs.value.map(({ name }) => name));
      const overlaid = store.overlaid.peek().filter((name) => names.has(name));
      if (overlaid.length < store.overlaid.peek().length) store.overlaid.value = overlaid;
      void this.#measure();
    } catch (error) {
      this.runs.value ??= [];
      store.notices.error(error);
    }
  }

  async rename(name: string, title: string): Promise<void> {
    await this.#do(() => this.#page.control.api.records.rename(name, title));
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#do(() => this.#page.control.api.remove(name));
  }

  async open(name: string): Promise<boolean> {
    const found = await this.#page.control.openStored(name);
    if (!found) await this.read();
    return found;
  }

  async compare(name: string): Promise<void> {
    if (await this.open(name)) this.#page.store.tab.value = "compare";
  }

  async saveLog(name: string): Promise<void> {
    const { control, store } = this.#page;
    try {
      const text = await savedLog(
        (await control.api.events(name)).events,
        await control.api.rollouts.marks(null, name),
      );
      download(`${fileName(name)}.jsonl.gz`, text, "application/gzip");
    } catch (error) {
      store.notices.error(error);
    }
  }

  /** Draws the curves of runs beside those of the shown one, or no longer. */
  draw(names: readonly string[], on: boolean): void {
    const { overlaid } = this.#page.store;
    const others = overlaid.peek().filter((name) => !names.includes(name));
    overlaid.value = on ? [...others, ...names] : others;
  }

  async #do(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#page.store.notices.error(error);
    }
    await this.read();
  }

  /** Counts what early pages did not: one run after the other, since their logs are read whole. */
  async #measure(): Promise<void> {
    if (this.#measuring) return;
    this.#measuring = true;
    try {
      for (;;) {
        const lacks = (run: StoredRun) => (!run.summary || run.sizeBytes === null) && !this.#tried.has(run.name);
        const next = this.runs.peek()?.find(lacks);
        if (!next) return;
        this.#tried.add(next.name);
        const found = await this.#page.control.api.records.measure(next.name);
        if (found)
          this.runs.value = (this.runs.peek() ?? []).map((run) =>
            run.name === next.name ? { ...run, ...found } : run,
          );
      }
    } catch {
      // The list is shown without.
    } finally {
      this.#measuring = false;
    }
  }

  readonly #tried = new Set<string>();
}
