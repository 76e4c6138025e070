import {
  type DBSchema,
  type IDBPDatabase,
  type IDBPTransaction,
  type OpenDBCallbacks,
  openDB,
  type StoreNames,
} from "idb";
import type { NamedBytes } from "../../../platform.ts";
import type { RolloutMark } from "../../../train/rollout_mark.ts";
import type { Branch } from "../../worker_api/branch_api.ts";
import type { StoredSweep } from "../../worker_api/records_api.ts";
import type { StoredModel, StoredRun } from "../../worker_api/run_api.ts";

/** A run as it is stored: what the list shows, beside its configuration. */
export interface RunEntry extends Omit<StoredRun, "step" | "savedStep" | "writer" | "settings" | "sizeBytes"> {
  /** After which the checkpoint was written, 0 where there is none. */
  step: number;
  /** Steps in the log; early pages did not count them. */
  loggedStep?: number;
  /** Bytes of the log, the checkpoint and weights of earlier steps; early pages did not count them. */
  sizes?: { log: number; checkpoint: number; kept: number };
  config: string;
}

export interface KeptVerdict {
  key: string;
  reply: string;
  /** Milliseconds since 1970. */
  keptAt: number;
}

interface Schema extends DBSchema {
  runs: { key: string; value: RunEntry };
  /** Pieces of logs under [run, number]. */
  logs: { key: [string, number]; value: string };
  checkpoints: { key: string; value: NamedBytes[] };
  models: { key: string; value: StoredModel };
  /** Files of models under [model, file]. */
  modelFiles: { key: [string, string]; value: Uint8Array };
  /** What an unfinished warm-up goes on from, under its model's name. */
  warmups: { key: string; value: NamedBytes[] };
  /** Replies of judges, under the hash of what was asked. */
  verdicts: { key: string; value: KeptVerdict; indexes: { keptAt: number } };
  /** Platform.cache */
  texts: { key: string; value: string };
  /** Weights of earlier steps of runs, as files of a checkpoint without the optimizer, under [run, step]. */
  keptWeights: { key: [run: string, step: number]; value: NamedBytes[] };
  /** Branches of rollouts. */
  branches: { key: [tree: string, id: string]; value: Branch };
  /** What a person said of rollouts. */
  marks: { key: [tree: string, rollout: string]; value: RolloutMark & { tree: string } };
  /** Plans of sweeps, and the names of their runs. */
  sweeps: { key: string; value: StoredSweep };
  /** Data and models that came with a run out of a file, under [run, path]. */
  runFiles: { key: [run: string, path: string]; value: Blob };
}

export type Database = IDBPDatabase<Schema>;

const version = 7;

const upgrade: NonNullable<OpenDBCallbacks<Schema>["upgrade"]> = (db, before) => {
  if (before < 1) {
    db.createObjectStore("runs", { keyPath: "name" });
    db.createObjectStore("logs");
    db.createObjectStore("checkpoints");
  }
  if (before < 2) {
    db.createObjectStore("models", { keyPath: "name" });
    db.createObjectStore("modelFiles");
    db.createObjectStore("warmups");
  }
  if (before < 3) db.createObjectStore("verdicts", { keyPath: "key" }).createIndex("keptAt", "keptAt");
  if (before < 4) db.createObjectStore("texts");
  if (before < 5) db.createObjectStore("branches", { keyPath: ["tree", "id"] });
  if (before < 6) db.createObjectStore("keptWeights");
  if (before < 7) {
    db.createObjectStore("marks", { keyPath: ["tree", "rollout"] });
    db.createObjectStore("sweeps", { keyPath: "id" });
    db.createObjectStore("runFiles");
  }
};

const storeNames: StoreNames<Schema>[] = [
  "runs",
  "logs",
  "checkpoints",
  "models",
  "modelFiles",
  "warmups",
  "verdicts",
  "texts",
  "branches",
  "keptWeights",
  "marks",
  "sweeps",
  "runFiles",
];

/** The browser refuses to store or to read; what was on its way is still in memory. */
export class StorageProblem extends Error {
  override name = "StorageProblem";
}

/** The storage is full; nothing was changed. */
export class StorageFull extends StorageProblem {
  override name = "StorageFull";
}

/** A browser that has not answered for so long may be waiting for another tab, or never answer. */
const longestWaitMs = 10_000;
/** So long is waited for what did not come in that time. */
const lateWaitMs = 500;

let isLate = false;
let opening: Promise<Database> | null = null;

/**
 * What this browser keeps of runs and models. A transaction is whole or did not happen. To be asked for anew each time:
 * a connection ends where another tab changes the stores, and where a person removes what the site keeps.
 * @throws StorageProblem with a sentence; what failed once may work the next time
 */
export async function database(): Promise<Database> {
  opening ??= openAny().catch((error: unknown) => {
    opening = null;
    throw refused(error);
  });
  return soon(opening);
}

/** The stores of this version, or those of a newer page: versions have only added to them so far. */
async function openAny(): Promise<Database> {
  try {
    return await openDB<Schema>("saccade", version, { upgrade, ...ends });
  } catch (error) {
    if ((error as Error).name !== "VersionError") throw error;
  }
  const newer = await openDB<Schema>("saccade", undefined, ends);
  const lacks = storeNames.filter((name) => !newer.objectStoreNames.contains(name));
  if (lacks.length === 0) return newer;
  newer.close();
  throw new StorageProblem(
    "A newer version of this page has changed what this browser keeps, and this one cannot read it; reload the page",
  );
}

/** When a connection ends. */
const ends: OpenDBCallbacks<Schema> = {
  blocking(_current, _blocked, event) {
    // A newer page in another tab wants to change the stores; it must not wait for this one.
    (event.target as IDBDatabase).close();
    opening = null;
  },
  terminated() {
    opening = null;
  },
};

/** The same answer; it is waited for a while. */
function soon<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      isLate = true;
      reject(
        new StorageProblem(
          "The browser's storage does not answer: what is made now goes with the page; another tab may hold it in an older version of this page: close the other tabs of it, then reload this one",
        ),
      );
    };
    const timer = setTimeout(giveUp, isLate ? lateWaitMs : longestWaitMs);
    work
      .then((result) => {
        isLate = false;
        resolve(result);
      }, reject)
      .finally(() => clearTimeout(timer));
  });
}

/** Why nothing can be kept. */
function refused(error: unknown): Error {
  if (error instanceof StorageProblem) return error;
  const { name, message } = error as Error;
  return new StorageProblem(
    `This browser keeps nothing for this page (${(message || name).replace(/\.$/, "")}): runs and models go with the page, and earlier ones cannot be read; allow the site to keep data, leave private browsing, or free disk space, then reload the page`,
  );
}

/** @throws Error where there is no run of that name */
export async function entryOf(db: Database, name: string): Promise<RunEntry> {
  const entry = await db.get("runs", name);
  if (!entry)
    throw new Error(`This browser holds no run "${name}"; it may have been removed, choose another from the list`);
  return entry;
}

const lockPrefix = "saccade ";

/**
 * Holds a name until the returned function is called; a tab that closes lets go by itself.
 *
 * @param taken  the error where another tab, or another part of this one, holds it
 */
export function lock(name: string, taken: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lockPrefix + name, { ifAvailable: true }, (held) => {
        if (held) return new Promise<void>((release) => resolve(() => release()));
        reject(new Error(taken));
        return undefined;
      })
      .catch((error: unknown) => reject(refused(error)));
  });
}

/**
 * Changes stores in one transaction: all of it happens or nothing does, and it is on the disk when this resolves.
 *
 * @param what  what is written, for people, e.g. 'the run "needle, seed 7"'
 * @param work  puts and deletes; they are not to be waited for one by one
 * @throws StorageFull where the storage is full, StorageProblem where the browser refuses for another reason
 */
export async function write<Names extends StoreNames<Schema>[]>(
  names: Names,
  what: string,
  work: (change: IDBPTransaction<Schema, Names, "readwrite">) => (Promise<unknown> | undefined)[],
): Promise<void> {
  const change = (await database()).transaction(names, "readwrite", { durability: "strict" });
  let requests: (Promise<unknown> | undefined)[];
  try {
    requests = work(change);
  } catch (error) {
    requests = [Promise.reject(error)];
    change.abort();
  }
  const results = await Promise.allSettled([...requests, change.done]);
  const reasons: unknown[] = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (reasons.length === 0) return;
  // A transaction that is given up rejects all its requests, and only one of them says why.
  const errors = [change.error, ...reasons] as ({ name: string; message: string } | null)[];
  if (errors.some((error) => error?.name === "QuotaExceededError"))
    throw new StorageFull(
      `The browser's storage is full: ${what} could not be written; remove stored runs or models, or free disk space`,
    );
  const cause = errors.find((error) => error && error.name !== "AbortError") ?? errors.find((error) => error !== null);
  throw new StorageProblem(
    `The browser refused to store ${what} (${cause?.message || cause?.name || "no reason given"})`,
  );
}

/** Names that are held with `lock`, here or in another tab. */
export async function locked(): Promise<ReadonlySet<string>> {
  const { held = [] } = await navigator.locks.query().catch((error: unknown) => {
    throw refused(error);
  });
  return new Set(held.flatMap(({ name }) => (name?.startsWith(lockPrefix) ? name.slice(lockPrefix.length) : [])));
}
