import type { NamedBytes, RunStore } from "../../../platform.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { noSummary, withLines } from "../../run/run_summary.ts";
import { inPageAlone } from "../labels/run_name.ts";
import { lastStep, sizeOf } from "./browser_run_store.ts";
import type { RunEntry } from "./database.ts";

/** Runs that only this page has, by their names: its browser keeps nothing. They go with the page. */
export const pageRuns = new Map<string, PageRunStore>();

/** A run in memory, for where the browser keeps nothing: it can be looked at, go on and be saved as a file all the same. */
export class PageRunStore implements RunStore {
  readonly place = inPageAlone;
  readonly entry: RunEntry;
  log = "";
  checkpoint: readonly NamedBytes[] | null = null;

  constructor(entry: RunEntry) {
    this.entry = { ...entry, inPageAlone: true };
    pageRuns.set(entry.name, this);
  }

  async readConfig(): Promise<string> {
    return this.entry.config;
  }

  async writeConfig(json: string): Promise<void> {
    const { steps } = JSON.parse(json) as RunConfig;
    Object.assign(this.entry, { config: json, steps });
  }

  async readLog(): Promise<string> {
    return this.log;
  }

  async appendLog(lines: readonly string[]): Promise<void> {
    const text = lines.map((line) => `${line}\n`).join("");
    this.log += text;
    this.#note(text, lastStep(text) ?? this.entry.loggedStep);
  }

  async replaceLog(text: string): Promise<void> {
    this.log = text;
    this.entry.summary = noSummary;
    this.#note(text, lastStep(text) ?? 0);
  }

  async readCheckpoint(): Promise<NamedBytes[] | null> {
    return this.checkpoint && [...this.checkpoint];
  }

  async writeCheckpoint(files: readonly NamedBytes[]): Promise<void> {
    const state = files.find((file) => file.name === "trainer_state.json");
    this.checkpoint = files;
    this.entry.step = state ? JSON.parse(new TextDecoder().decode(state.bytes)).step : 0;
    this.entry.sizes = { log: this.log.length, checkpoint: sizeOf(files), kept: 0 };
  }

  async close(): Promise<void> {}

  remove(): void {
    pageRuns.delete(this.entry.name);
  }

  #note(text: string, loggedStep: number | undefined): void {
    const { entry } = this;
    entry.summary = withLines(entry.summary ?? noSummary, text);
    entry.sizes = { kept: 0, checkpoint: entry.sizes?.checkpoint ?? 0, log: this.log.length };
    if (loggedStep !== undefined) entry.loggedStep = loggedStep;
  }
}
