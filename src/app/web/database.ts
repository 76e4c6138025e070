import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { NamedBytes } from "../../platform.ts";
import type { StoredModel, StoredRun } from "../api.ts";

/** A run as the list shows it, beside its configuration. */
export interface RunEntry extends StoredRun {
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
}

export type Database = IDBPDatabase<Schema>;

let opening: Promise<Database> | null = null;

/** What this browser keeps of runs and models. A transaction is whole or did not happen. */
export function database(): Promise<Database> {
  opening ??= openDB<Schema>("saccade", 3, {
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
      db.createObjectStore("verdicts", { keyPath: "key" }).createIndex("keptAt", "keptAt");
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

/**
 * Holds a name until the returned function is called; a tab that closes lets go by itself.
 *
 * @param taken  what to tell where another tab, or another part of this one, holds it
 */
export function lock(name: string, taken: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`saccade ${name}`, { ifAvailable: true }, (held) => {
        if (held) return new Promise<void>((release) => resolve(() => release()));
        reject(new Error(taken));
        return undefined;
      })
      .catch(reject);
  });
}

/** Does a write; what fails is told with what it was for. `what`: e.g. 'the run "needle, seed 7"'. */
export async function write<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((error as DOMException).name === "QuotaExceededError")
      throw new Error(
        "The browser's storage is full; remove stored runs or free disk space, the run goes on from its last checkpoint",
      );
    throw new Error(`The browser refused to store ${what} (${(error as Error).message})`);
  }
}
