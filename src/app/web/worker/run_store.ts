import type { NamedBytes, RunStore } from "../../../platform.ts";
import type { Fingerprint } from "../../../tasks/fingerprint.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { configText, readStored } from "../../run/record.ts";
import type { StoredRun } from "../../worker_api/run_api.ts";
import { freeName } from "../labels/run_name.ts";
import { branchesOfRun } from "./branch_store.ts";
import { type Database, database, lock, locked, type RunEntry, write } from "./database.ts";
import { keepWeights, weightsOfRun } from "./kept_weights.ts";
import { marksOfRun } from "./mark_store.ts";

const piecesOf = (name: string): IDBKeyRange => IDBKeyRange.bound([name, 0], [name, Number.MAX_SAFE_INTEGER]);

const lockName = (name: string): string => `run ${name}`;

/** Entries of the runs in this browser, newest first. */
export async function runEntries(): Promise<RunEntry[]> {
  const entries = await (await database()).getAll("runs");
  return entries.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
}

/** Runs in this browser, newest first. @param own  name of the run that this page writes */
export async function storedRuns(own: string | null = null): Promise<StoredRun[]> {
  const held = await locked();
  return Promise.all(
    (await runEntries()).map(async ({ config: _, loggedStep, step: savedStep, ...run }) => ({
      ...run,
      step: Math.max(savedStep, loggedStep ?? (await countLogged(run.name))),
      savedStep,
      writer: run.name === own ? ("here" as const) : held.has(lockName(run.name)) ? ("elsewhere" as const) : null,
    })),
  );
}

/** The settings of a run as they were last. @throws Error where there is no run of that name, or where they are damaged */
export async function storedSettings(name: string): Promise<RunConfig> {
  return readStored((await entryOf(await database(), name)).config).config;
}

/** The log of a run. @throws Error where there is no run of that name */
export async function storedLog(name: string): Promise<string> {
  const db = await database();
  await entryOf(db, name);
  return (await db.getAll("logs", piecesOf(name))).join("");
}

/** The files of a run's checkpoint, null where none was written. @throws Error where there is no run of that name */
export async function storedCheckpoint(name: string): Promise<NamedBytes[] | null> {
  const db = await database();
  await entryOf(db, name);
  return (await db.get("checkpoints", name)) ?? null;
}

/** Removes a run and all that belongs to it. @throws Error where it is being written */
export async function removeRun(name: string): Promise<void> {
  const release = await lock(
    lockName(name),
    `The run "${name}" is under way; end it with Reset, here or in the tab where it goes on, then remove it`,
  );
  try {
    type Stores = ["runs", "logs", "checkpoints", "branches", "marks", "keptWeights"];
    const stores: Stores = ["runs", "logs", "checkpoints", "branches", "marks", "keptWeights"];
    await write(await database(), stores, `that the run "${name}" is removed`, (change) => [
      change.objectStore("runs").delete(name),
      change.objectStore("logs").delete(piecesOf(name)),
      change.objectStore("checkpoints").delete(name),
      change.objectStore("branches").delete(branchesOfRun(name)),
      change.objectStore("marks").delete(marksOfRun(name)),
      change.objectStore("keptWeights").delete(weightsOfRun(name)),
    ]);
  } finally {
    release();
  }
}

/** A new run, under the first free name: `name`, or with a number behind it. */
export async function createRunStore(
  name: string,
  config: RunConfig,
  sources: readonly Fingerprint[] = [],
): Promise<{ name: string; store: RunStore }> {
  const db = await database();
  // Another tab may begin a run with the same settings at the same moment; it holds its name from then on.
  const taken = new Set([...(await db.getAllKeys("runs")), ...(await namesUnderWay())]);
  for (;;) {
    const free = freeName(name, taken);
    taken.add(free);
    const release = await lock(lockName(free), "taken").catch(() => null);
    if (!release) continue;
    try {
      if (await db.get("runs", free)) {
        release();
        continue;
      }
      const { preset, seed, steps } = config;
      const startedAt = new Date().toISOString();
      const entry = {
        name: free,
        preset,
        seed,
        step: 0,
        loggedStep: 0,
        steps,
        startedAt,
        config: configText(config, sources),
      };
      await write(db, ["runs"], `the run "${free}"`, (change) => [change.objectStore("runs").put(entry)]);
      return { name: free, store: new BrowserRunStore(free, db, release) };
    } catch (error) {
      release();
      throw error;
    }
  }
}

/**
 * Opens a run of this browser for writing.
 *
 * @throws Error where there is none of that name, and where another tab writes it
 */
export async function openRunStore(name: string): Promise<RunStore> {
  const release = await lock(
    lockName(name),
    `Another tab is writing the run "${name}"; go on there, or close that tab first`,
  );
  try {
    const db = await database();
    await entryOf(db, name);
    return new BrowserRunStore(name, db, release);
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

/** @throws Error where there is no run of that name */
export async function entryOf(db: Database, name: string): Promise<RunEntry> {
  const entry = await db.get("runs", name);
  if (!entry)
    throw new Error(`This browser holds no run "${name}"; it may have been removed, choose another from the list`);
  return entry;
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

/** The steps made by the end of a piece of a log, null where none of its lines says so. */
function lastStep(piece: string): number | null {
  const found = piece.split("\n").findLast((line) => /^\{"type":"(update|run)"/.test(line));
  if (found === undefined) return null;
  try {
    const event = JSON.parse(found);
    return Number(event.type === "run" ? event.resumedAt : event.step) || 0;
  } catch {
    return null;
  }
}

/** One run in IndexedDB. A transaction is whole or did not happen, so a full disk leaves what stood before. */
class BrowserRunStore implements RunStore {
  #nextPiece: number | null = null;

  constructor(
    readonly name: string,
    readonly db: Database,
    readonly release: () => void,
  ) {}

  get place(): string {
    return `this browser's storage, "${this.name}"`;
  }

  async readConfig(): Promise<string> {
    return (await entryOf(this.db, this.name)).config;
  }

  async writeConfig(json: string): Promise<void> {
    const { steps } = JSON.parse(json) as RunConfig;
    await write(this.db, ["runs"], `the settings of the run "${this.name}"`, (change) => [
      this.#note(change.objectStore("runs"), { config: json, steps }),
    ]);
  }

  readLog(): Promise<string> {
    return storedLog(this.name);
  }

  async appendLog(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    if (this.#nextPiece === null) {
      const keys = await this.db.getAllKeys("logs", piecesOf(this.name));
      this.#nextPiece = (keys.at(-1)?.[1] ?? -1) + 1;
    }
    const piece = this.#nextPiece;
    await this.#writeLog(lines.map((line) => `${line}\n`).join(""), piece, false);
    this.#nextPiece = piece + 1;
  }

  async replaceLog(text: string): Promise<void> {
    await this.#writeLog(text, 0, true);
    this.#nextPiece = text ? 1 : 0;
  }

  readCheckpoint(): Promise<NamedBytes[] | null> {
    return storedCheckpoint(this.name);
  }

  async writeCheckpoint(files: readonly NamedBytes[]): Promise<void> {
    const state = files.find((f) => f.name === "trainer_state.json");
    const step: number = state ? JSON.parse(new TextDecoder().decode(state.bytes)).step : 0;
    await write(this.db, ["runs", "checkpoints"], `step ${step} of the run "${this.name}"`, (change) => [
      change.objectStore("checkpoints").put([...files], this.name),
      this.#note(change.objectStore("runs"), { step }),
    ]);
    if (step > 0) await keepWeights(this.name, step, files);
  }

  async close(): Promise<void> {
    this.release();
  }

  /** Puts text into the log as one piece, in place of all of it or not, and what the list says about it. */
  async #writeLog(text: string, piece: number, alone: boolean): Promise<void> {
    const step = lastStep(text) ?? (alone ? 0 : null);
    await write(this.db, ["runs", "logs"], `the log of the run "${this.name}"`, (change) => {
      const logs = change.objectStore("logs");
      return [
        alone ? logs.delete(piecesOf(this.name)) : undefined,
        text ? logs.put(text, [this.name, piece]) : undefined,
        step === null ? undefined : this.#note(change.objectStore("runs"), { loggedStep: step }),
      ];
    });
  }

  /** Changes what the list says, within a transaction: settings may be changed while a step is being logged. */
  async #note(
    runs: {
      get(name: string): Promise<RunEntry | undefined>;
      put(entry: RunEntry): Promise<unknown>;
      transaction: { abort(): void };
    },
    changes: Partial<RunEntry>,
  ): Promise<void> {
    const entry = await runs.get(this.name);
    if (!entry) {
      runs.transaction.abort();
      throw new Error("it was removed while it was being written");
    }
    await runs.put({ ...entry, ...changes });
  }
}
