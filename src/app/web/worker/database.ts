import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from "idb";
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

let opening: Promise<Database> | null = null;

/** What this browser keeps of runs and models. A transaction is whole or did not happen. */
export function database(): Promise<Database> {
  opening ??= openDB<Schema>("saccade", 7, {
    upgrade(db, before) {
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
    },
    blocking(_current, _blocked, event) {
      // A newer page in another tab wants to change the stores; it must not wait for this one.
      (event.target as IDBDatabase).close();
      opening = null;
    },
    terminated() {
      opening = null;
    },
  });
  return opening;
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
      .catch(reject);
  });
}

/** The storage is full; nothing was changed. */
export class StorageFull extends Error {
  override name = "StorageFull";
}

/**
 * Changes stores in one transaction: all of it happens or nothing does, and it is on the disk when this resolves.
 *
 * @param what  what is written, for people, e.g. 'the run "needle, seed 7"'
 * @param work  puts and deletes; they are not to be waited for one by one
 * @throws StorageFull where the storage is full, Error where the browser refuses for another reason
 */
export async function write<Names extends StoreNames<Schema>[]>(
  db: Database,
  names: Names,
  what: string,
  work: (change: IDBPTransaction<Schema, Names, "readwrite">) => (Promise<unknown> | undefined)[],
): Promise<void> {
  const change = db.transaction(names, "readwrite", { durability: "strict" });
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
  throw new Error(`The browser refused to store ${what} (${cause?.message || cause?.name || "no reason given"})`);
}

/** Names that are held with `lock`, here or in another tab. */
export async function locked(): Promise<ReadonlySet<string>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (name?.startsWith(lockPrefix) ? name.slice(lockPrefix.length) : [])));
}
