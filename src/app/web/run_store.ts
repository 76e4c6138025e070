import type { NamedBytes, RunStore } from "../../platform.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { type Database, database, lock, type RunEntry, write } from "./database.ts";

const piecesOf = (name: string): IDBKeyRange => IDBKeyRange.bound([name, 0], [name, Number.MAX_SAFE_INTEGER]);

/** Runs in this browser, newest first. */
export async function storedRuns(): Promise<RunEntry[]> {
  const entries = await (await database()).getAll("runs");
  return entries.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
}

/** The log of a run. @throws Error where there is no run of that name */
export async function storedLog(name: string): Promise<string> {
  const db = await database();
  if (!(await db.get("runs", name)))
    throw new Error(`This browser holds no run "${name}"; it may have been removed, choose another from the list`);
  return (await db.getAll("logs", piecesOf(name))).join("");
}

/** Removes a run and all that belongs to it. @throws Error where it is being written */
export async function removeRun(name: string): Promise<void> {
  const release = await lock(
    `run ${name}`,
    `The run "${name}" is under way; end it with Reset, here or in the tab where it goes on, then remove it`,
  );
  try {
    const db = await database();
    const change = db.transaction(["runs", "logs", "checkpoints"], "readwrite");
    await Promise.all([
      change.objectStore("runs").delete(name),
      change.objectStore("logs").delete(piecesOf(name)),
      change.objectStore("checkpoints").delete(name),
      change.done,
    ]);
  } finally {
    release();
  }
}

/**
 * Opens a run of this browser for writing, making it where there is none.
 *
 * @throws Error where another tab writes it
 */
export async function openRunStore(name: string, config: RunConfig): Promise<BrowserRunStore> {
  const release = await lock(
    `run ${name}`,
    `Another tab is writing the run "${name}"; go on there, close it, or take another seed`,
  );
  try {
    const db = await database();
    if (!(await db.get("runs", name)))
      await db.put("runs", {
        name,
        preset: config.preset,
        seed: config.seed,
        step: 0,
        steps: config.steps,
        startedAt: new Date().toISOString(),
        config: JSON.stringify(config),
      });
    return new BrowserRunStore(name, db, release);
  } catch (error) {
    release();
    throw error;
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
    return (await this.#entry()).config;
  }

  async writeConfig(json: string): Promise<void> {
    const entry = await this.#entry();
    const { steps } = JSON.parse(json) as RunConfig;
    await this.#write(() => this.db.put("runs", { ...entry, config: json, steps }));
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
    await this.#write(() => this.db.put("logs", lines.map((line) => `${line}\n`).join(""), [this.name, piece]));
    this.#nextPiece = piece + 1;
  }

  async replaceLog(text: string): Promise<void> {
    await this.#write(async () => {
      const change = this.db.transaction("logs", "readwrite");
      await Promise.all([
        change.store.delete(piecesOf(this.name)),
        text ? change.store.put(text, [this.name, 0]) : null,
        change.done,
      ]);
    });
    this.#nextPiece = text ? 1 : 0;
  }

  async readCheckpoint(): Promise<NamedBytes[] | null> {
    return (await this.db.get("checkpoints", this.name)) ?? null;
  }

  async writeCheckpoint(files: readonly NamedBytes[]): Promise<void> {
    const state = files.find((f) => f.name === "trainer_state.json");
    const step: number = state ? JSON.parse(new TextDecoder().decode(state.bytes)).step : 0;
    const entry = await this.#entry();
    await this.#write(async () => {
      const change = this.db.transaction(["runs", "checkpoints"], "readwrite");
      await Promise.all([
        change.objectStore("checkpoints").put([...files], this.name),
        change.objectStore("runs").put({ ...entry, step }),
        change.done,
      ]);
    });
  }

  async close(): Promise<void> {
    this.release();
  }

  async #entry(): Promise<RunEntry> {
    const entry = await this.db.get("runs", this.name);
    if (!entry) throw new Error(`The run "${this.name}" was removed from this browser while it was being written`);
    return entry;
  }

  #write<T>(work: () => Promise<T>): Promise<T> {
    return write(`the run "${this.name}"`, work);
  }
}
