import type { NamedBytes, RunStore } from "../../../platform.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { noSummary, withLines } from "../../run/run_summary.ts";
import { database, entryOf, type RunEntry, write } from "./database.ts";
import { keepWeights } from "./kept_weights.ts";

/** Keys of the pieces of a run's log. */
export const piecesOf = (name: string): IDBKeyRange => IDBKeyRange.bound([name, 0], [name, Number.MAX_SAFE_INTEGER]);

/** The steps made by the end of a piece of a log, null where none of its lines says so. */
export function lastStep(piece: string): number | null {
  const found = piece.split("\n").findLast((line) => /^\{"type":"(update|run)"/.test(line));
  if (found === undefined) return null;
  try {
    const event = JSON.parse(found);
    return Number(event.type === "run" ? event.resumedAt : event.step) || 0;
  } catch {
    return null;
  }
}

/** Bytes of files. */
export const sizeOf = (files: readonly NamedBytes[]): number => files.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** Nothing where its size was never counted. */
const withSize = ({ sizes }: RunEntry, changed: Partial<NonNullable<RunEntry["sizes"]>>): Partial<RunEntry> =>
  sizes ? { sizes: { ...sizes, ...changed } } : {};

/** One run in IndexedDB. A transaction is whole or did not happen, so a full disk leaves what stood before. */
export class BrowserRunStore implements RunStore {
  #nextPiece: number | null = null;

  constructor(
    readonly name: string,
    readonly release: () => void,
  ) {}

  get place(): string {
    return `this browser's storage, "${this.name}"`;
  }

  async readConfig(): Promise<string> {
    return (await entryOf(await database(), this.name)).config;
  }

  async writeConfig(json: string): Promise<void> {
    const { steps } = JSON.parse(json) as RunConfig;
    await write(["runs"], `the settings of the run "${this.name}"`, (change) => [
      this.#note(change.objectStore("runs"), () => ({ config: json, steps })),
    ]);
  }

  async readLog(): Promise<string> {
    return (await (await database()).getAll("logs", piecesOf(this.name))).join("");
  }

  async appendLog(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    if (this.#nextPiece === null) {
      const keys = await (await database()).getAllKeys("logs", piecesOf(this.name));
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

  async readCheckpoint(): Promise<NamedBytes[] | null> {
    return (await (await database()).get("checkpoints", this.name)) ?? null;
  }

  async writeCheckpoint(files: readonly NamedBytes[]): Promise<void> {
    const state = files.find((f) => f.name === "trainer_state.json");
    const step: number = state ? JSON.parse(new TextDecoder().decode(state.bytes)).step : 0;
    await write(["runs", "checkpoints"], `step ${step} of the run "${this.name}"`, (change) => [
      change.objectStore("checkpoints").put([...files], this.name),
      this.#note(change.objectStore("runs"), (entry) => ({ step, ...withSize(entry, { checkpoint: sizeOf(files) }) })),
    ]);
    const kept = step > 0 ? await keepWeights(this.name, step, files) : null;
    if (kept === null) return;
    await write(["runs"], `the size of the run "${this.name}"`, (change) => [
      this.#note(change.objectStore("runs"), (entry) => withSize(entry, { kept })),
    ]);
  }

  async close(): Promise<void> {
    this.release();
  }

  /** Puts text into the log as one piece, in place of all of it or not, and what the list says about it. */
  async #writeLog(text: string, piece: number, alone: boolean): Promise<void> {
    const step = lastStep(text) ?? (alone ? 0 : null);
    await write(["runs", "logs"], `the log of the run "${this.name}"`, (change) => {
      const logs = change.objectStore("logs");
      return [
        alone ? logs.delete(piecesOf(this.name)) : undefined,
        text ? logs.put(text, [this.name, piece]) : undefined,
        this.#note(change.objectStore("runs"), (entry) => ({
          ...(step !== null && { loggedStep: step }),
          ...withSize(entry, { log: text.length + (alone ? 0 : (entry.sizes?.log ?? 0)) }),
          // Of a run that early pages began, what came before is not counted; it is once the run is looked at.
          ...((alone || entry.summary) && { summary: withLines((!alone && entry.summary) || noSummary, text) }),
        })),
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
    changes: (entry: RunEntry) => Partial<RunEntry>,
  ): Promise<void> {
    const entry = await runs.get(this.name);
    if (!entry) {
      runs.transaction.abort();
      throw new Error(
        "it was removed, or the data of this site was, while it was being written; export the model to keep its weights",
      );
    }
    await runs.put({ ...entry, ...changes(entry) });
  }
}
