import type { RunConfig } from "../../train/knobs.ts";
import type { RunMemory } from "../memory/run_memory.ts";
import type { HubModel } from "../network/hub_model.ts";
import type { TaskProgress } from "./judge_api.ts";

/** A file of weights on its way into the browser. */
export interface FetchedFile {
  path: string;
  sizeBytes: number;
  /** Kept here so far. */
  doneBytes: number;
  /** "checked": whole, with the SHA-256 that the Hub names; "whole": the Hub names none. */
  state: "waits" | "fetching" | "checked" | "whole";
}

/** What a page may ask about models of the Hub. Works without a GPU and beside a run. Every method rejects with one sentence. */
export interface HubApi {
  /** Sends this token to the Hub, and nowhere else, until the page closes; null: none. It is never given back. */
  setToken(token: string | null): Promise<void>;
  /** What the Hub says of owner/name@revision. */
  model(model: string): Promise<HubModel>;
  /** How much of a model's weights is kept here already; asks the Hub for their names and sizes. */
  kept(model: string): Promise<FetchedFile[]>;
  /** Begins to fetch a model's weights into the browser, on from what is kept of them; `nextFetch` reports how far it is. */
  startFetch(model: string): Promise<void>;
  nextFetch(): Promise<TaskProgress<FetchedFile[], FetchedFile[]>>;
  /** What was fetched stays. */
  stopFetch(): Promise<void>;
  /**
   * As RunApi.memory, for a model that is only looked at; nothing is fetched for it. Where there is no graphics card, it is counted
   * for one.
   */
  memory(config: RunConfig, memoryBytes: number | null): Promise<RunMemory>;
}
