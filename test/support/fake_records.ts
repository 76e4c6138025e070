import type { RecordsApi, StoredSweep } from "../../src/app/worker_api/records_api.ts";

/** Names and sweeps in memory. */
export class FakeRecords implements RecordsApi {
  readonly #titles = new Map<string, string>();
  readonly #sweeps = new Map<string, StoredSweep>();

  titleOf(run: string): { title?: string } {
    const title = this.#titles.get(run);
    return title === undefined ? {} : { title };
  }

  async rename(run: string, title: string): Promise<void> {
    if (title === "" || title === run) this.#titles.delete(run);
    else this.#titles.set(run, title);
  }

  async measure(): Promise<null> {
    return null;
  }

  async sweeps(): Promise<StoredSweep[]> {
    return [...this.#sweeps.values()].sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  }

  async keepSweep(sweep: StoredSweep): Promise<void> {
    this.#sweeps.set(sweep.id, sweep);
  }

  async removeSweep(id: string): Promise<void> {
    this.#sweeps.delete(id);
  }
}
