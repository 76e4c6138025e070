import type { Sweep } from "../sweep/sweep_plan.ts";
import type { StoredRun } from "./run_api.ts";

/** A sweep that this browser keeps. */
export interface StoredSweep {
  id: string;
  startedAt: string;
  sweep: Sweep;
  /** The names of its runs, in the order of `runsOf(sweep)`; null where one has not begun. */
  runs: (string | null)[];
}

/** What a page may ask of the storage beside runs themselves. Works without a GPU. Every method rejects with one sentence. */
export interface RecordsApi {
  /** Gives a run the name that lists and legends show, in the place of the one before; "" takes it back. Links keep the old one. */
  rename(run: string, title: string): Promise<void>;
  /** Counts what a run of an early page reached and takes; null where it is no longer there. */
  measure(run: string): Promise<Pick<StoredRun, "summary" | "sizeBytes"> | null>;
  /** Sweeps, newest first. */
  sweeps(): Promise<StoredSweep[]>;
  keepSweep(sweep: StoredSweep): Promise<void>;
  /** Forgets the plan of a sweep; its runs stay. */
  removeSweep(id: string): Promise<void>;
}
