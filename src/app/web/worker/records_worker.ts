import { noSummary, withLines } from "../../run/run_summary.ts";
import type { RecordsApi, StoredSweep } from "../../worker_api/records_api.ts";
import type { StoredRun } from "../../worker_api/run_api.ts";
import { piecesOf, sizeOf } from "./browser_run_store.ts";
import { database, entryOf, type RunEntry, write } from "./database.ts";
import { weightsOfRun } from "./kept_weights.ts";

/** The longest name of a run, in characters. */
const longestTitle = 200;

/** Lists and legends must tell two runs apart. @throws Error where another run is called so */
async function expectFree(title: string, run: string): Promise<void> {
  const db = await database();
  const [names, entries] = await Promise.all([db.getAllKeys("runs"), db.getAll("runs")]);
  const taken = names.some((name, i) => name !== run && (name === title || entries[i]?.title === title));
  if (taken) throw new Error(`Another run in this browser is called "${title}"; choose another name`);
}

/** Names, sizes and sweeps of the runs in this browser. */
export class RecordsWorker implements RecordsApi {
  async rename(run: string, title: string): Promise<void> {
    const wanted = title.trim();
    if (wanted.length > longestTitle)
      throw new Error(`A name may have ${longestTitle} characters, found ${wanted.length}; choose a shorter one`);
    if (wanted !== "" && wanted !== run) await expectFree(wanted, run);
    await note(run, `the name of the run "${run}"`, ({ title: _, ...entry }) => ({
      ...entry,
      ...(wanted !== "" && wanted !== run && { title: wanted }),
    }));
  }

  async measure(run: string): Promise<Pick<StoredRun, "summary" | "sizeBytes"> | null> {
    const db = await database();
    const found = await db.get("runs", run);
    if (!found) return null;
    let summary = noSummary;
    let log = 0;
    for (
      let cursor = await db.transaction("logs").store.openCursor(piecesOf(run));
      cursor;
      cursor = await cursor.continue()
    ) {
      summary = withLines(summary, cursor.value);
      log += cursor.value.length;
    }
    const checkpoint = sizeOf((await db.get("checkpoints", run)) ?? []);
    let kept = 0;
    for (const files of await db.getAll("keptWeights", weightsOfRun(run))) kept += sizeOf(files);
    const sizes = { log, checkpoint, kept };
    // What a run that goes on meanwhile has counted itself stays.
    await note(run, `the size of the run "${run}"`, (entry) => ({
      ...entry,
      summary: entry.summary ?? summary,
      sizes: entry.sizes ?? sizes,
    }));
    return { summary, sizeBytes: log + checkpoint + kept };
  }

  async sweeps(): Promise<StoredSweep[]> {
    const all = await (await database()).getAll("sweeps");
    return all.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  }

  async keepSweep(sweep: StoredSweep): Promise<void> {
    await write(["sweeps"], "the sweep", (change) => [change.objectStore("sweeps").put(sweep)]);
  }

  async removeSweep(id: string): Promise<void> {
    await write(["sweeps"], "that the sweep is removed", (change) => [change.objectStore("sweeps").delete(id)]);
  }
}

/** Changes the entry of a run. @throws Error where there is no run of that name */
async function note(run: string, what: string, change: (entry: RunEntry) => RunEntry): Promise<void> {
  const db = await database();
  await entryOf(db, run);
  await write(["runs"], what, (transaction) => {
    const runs = transaction.objectStore("runs");
    const changed = async () => {
      const entry = await runs.get(run);
      if (entry) await runs.put(change(entry));
    };
    return [changed()];
  });
}
