import type { NamedBytes, RunStore } from "../../../platform.ts";
import type { Fingerprint } from "../../../tasks/fingerprint.ts";
import { beginningOf, differences } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { configText, readStored } from "../../run/record.ts";
import { noSummary } from "../../run/run_summary.ts";
import type { StoredRun } from "../../worker_api/run_api.ts";
import { freeName } from "../labels/run_name.ts";
import { branchesOfRun } from "./branch_store.ts";
import { BrowserRunStore, lastStep, piecesOf } from "./browser_run_store.ts";
import { type Database, database, entryOf, lock, locked, type RunEntry, StorageProblem, write } from "./database.ts";
import { weightsOfRun } from "./kept_weights.ts";
import { marksOfRun } from "./mark_store.ts";
import { PageRunStore, pageRuns } from "./page_run_store.ts";
import { filesOfRun } from "./run_file_store.ts";

const lockName = (name: string): string => `run ${name}`;

const keptEntries = async (): Promise<RunEntry[]> => (await database()).getAll("runs");

/** Entries of the runs in this browser and of those in this page alone, newest first. */
export async function runEntries(): Promise<RunEntry[]> {
  const inPage = [...pageRuns.values()].map(({ entry }) => entry);
  const kept = await keptEntries().catch((error: unknown) => {
    if (inPage.length === 0) throw error;
    return [];
  });
  return [...kept, ...inPage].sort((a, b) => b.startedAt.localeCompare(a.startedAt));
}

/** Runs in this browser, newest first. @param own  name of the run that this page writes */
export async function storedRuns(own: string | null = null): Promise<StoredRun[]> {
  const entries = await runEntries();
  const held = await locked();
  return Promise.all(
    entries.map(async ({ config, loggedStep, sizes, step: savedStep, ...run }) => ({
      ...run,
      step: Math.max(savedStep, loggedStep ?? (await countLogged(run.name))),
      savedStep,
      writer: run.name === own ? ("here" as const) : held.has(lockName(run.name)) ? ("elsewhere" as const) : null,
      settings: settingsIn(config),
      sizeBytes: sizes ? sizes.log + sizes.checkpoint + sizes.kept : null,
    })),
  );
}

/** What differs from the preset; null where the settings are damaged, which is said when the run is used. */
function settingsIn(text: string): Partial<RunConfig> | null {
  try {
    const { config } = readStored(text);
    const changed = differences(config, beginningOf(config));
    return Object.fromEntries([["preset", config.preset], ...changed.map((key) => [key, config[key]])]);
  } catch {
    return null;
  }
}

/** What the list says of a run. @throws Error where there is no run of that name */
export async function storedEntry(name: string): Promise<RunEntry> {
  return pageRuns.get(name)?.entry ?? entryOf(await database(), name);
}

/** The settings of a run as they were last. @throws Error where there is no run of that name, or where they are damaged */
export async function storedSettings(name: string): Promise<RunConfig> {
  return readStored((await storedEntry(name)).config).config;
}

/** The log of a run. @throws Error where there is no run of that name */
export async function storedLog(name: string): Promise<string> {
  const inPage = pageRuns.get(name);
  if (inPage) return inPage.log;
  const db = await database();
  await entryOf(db, name);
  return (await db.getAll("logs", piecesOf(name))).join("");
}

/** The files of a run's checkpoint, null where none was written. @throws Error where there is no run of that name */
export async function storedCheckpoint(name: string): Promise<NamedBytes[] | null> {
  const inPage = pageRuns.get(name);
  if (inPage) return inPage.readCheckpoint();
  const db = await database();
  await entryOf(db, name);
  return (await db.get("checkpoints", name)) ?? null;
}

/** Removes a run and all that belongs to it. @throws Error where it is being written */
export async function removeRun(name: string): Promise<void> {
  const inPage = pageRuns.get(name);
  if (inPage) return inPage.remove();
  const release = await lock(
    lockName(name),
    `The run "${name}" is under way; end it with Reset, here or in the tab where it goes on, then remove it`,
  );
  try {
    type Stores = ["runs", "logs", "checkpoints", "branches", "marks", "keptWeights", "runFiles"];
    const stores: Stores = ["runs", "logs", "checkpoints", "branches", "marks", "keptWeights", "runFiles"];
    await write(stores, `that the run "${name}" is removed`, (change) => [
      change.objectStore("runs").delete(name),
      change.objectStore("logs").delete(piecesOf(name)),
      change.objectStore("checkpoints").delete(name),
      change.objectStore("branches").delete(branchesOfRun(name)),
      change.objectStore("marks").delete(marksOfRun(name)),
      change.objectStore("keptWeights").delete(weightsOfRun(name)),
      change.objectStore("runFiles").delete(filesOfRun(name)),
    ]);
  } finally {
    release();
  }
}

/** Notes that a run came out of a file: what it would fetch was agreed to by nobody here. */
export async function markImported(name: string): Promise<void> {
  const db = await database();
  const entry = await entryOf(db, name);
  await write(["runs"], `the run "${name}"`, (change) => [
    change.objectStore("runs").put({ ...entry, imported: true }),
  ]);
}

/**
 * A new run, under the first free name: `name`, or with a number behind it. Where the browser keeps nothing, it is kept
 * in the page alone.
 */
export async function createRunStore(
  name: string,
  config: RunConfig,
  sources: readonly Fingerprint[] = [],
): Promise<{ name: string; store: RunStore; problem: string | null }> {
  let db: Database;
  try {
    db = await database();
  } catch (error) {
    const free = freeName(name, new Set(pageRuns.keys()));
    const store = new PageRunStore(newEntry(free, config, sources));
    return { name: free, store, problem: (error as Error).message };
  }
  // Another tab may begin a run with the same settings at the same moment; it holds its name from then on.
  const taken = new Set([...(await db.getAllKeys("runs")), ...(await namesUnderWay())]);
  for (;;) {
    const free = freeName(name, taken);
    taken.add(free);
    const release = await lock(lockName(free), "taken").catch((error: unknown) => {
      if (error instanceof StorageProblem) throw error;
      return null;
    });
    if (!release) continue;
    try {
      if (await db.get("runs", free)) {
        release();
        continue;
      }
      const entry = newEntry(free, config, sources);
      await write(["runs", "marks", "branches"], `the run "${free}"`, (change) => [
        change.objectStore("runs").put(entry),
        // What another tab said of a run of this name after it was removed.
        change.objectStore("marks").delete(marksOfRun(free)),
        change.objectStore("branches").delete(branchesOfRun(free)),
      ]);
      return { name: free, store: new BrowserRunStore(free, release), problem: null };
    } catch (error) {
      release();
      throw error;
    }
  }
}

const newEntry = (name: string, config: RunConfig, sources: readonly Fingerprint[]): RunEntry => ({
  name,
  preset: config.preset,
  seed: config.seed,
  step: 0,
  loggedStep: 0,
  steps: config.steps,
  startedAt: new Date().toISOString(),
  config: configText(config, sources),
  summary: noSummary,
  sizes: { log: 0, checkpoint: 0, kept: 0 },
});

/**
 * Opens a run of this browser for writing.
 *
 * @throws Error where there is none of that name, and where another tab writes it
 */
export async function openRunStore(name: string): Promise<RunStore> {
  const inPage = pageRuns.get(name);
  if (inPage) return inPage;
  const release = await lock(
    lockName(name),
    `Another tab is writing the run "${name}"; go on there, or close that tab first`,
  );
  try {
    await entryOf(await database(), name);
    return new BrowserRunStore(name, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function namesUnderWay(): Promise<string[]> {
  return [...(await locked())].flatMap((held) =>
    held.startsWith(lockName("")) ? held.slice(lockName("").length) : [],
  );
}

/** Steps in the log of a run: early pages did not store their number. */
async function countLogged(name: string): Promise<number> {
  const pieces = (await database()).transaction("logs").store;
  let cursor = await pieces.openCursor(piecesOf(name), "prev");
  for (; cursor; cursor = await cursor.continue()) {
    const step = lastStep(cursor.value);
    if (step !== null) return step;
  }
  return 0;
}
