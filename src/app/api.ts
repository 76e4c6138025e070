import type { Pixels } from "../image/pixels.ts";
import type { Task } from "../tasks/task.ts";
import type { RunConfig } from "../train/config.ts";
import type { TrainEvent, WarmupEvent } from "../train/events.ts";

/** What the page shows of the device and model before a run begins. */
export interface Opened {
  /** e.g. "Apple M2" or "SwiftShader (software)". */
  adapter: string;
  software: boolean;
  model: { name: string; parameters: number };
  /** Set where an unfinished run with the same name is stored: offer to go on with it. */
  resumableStep?: number;
}

/** A saved run as the list shows it. */
export interface StoredRun {
  name: string;
  preset: string;
  seed: number;
  step: number;
  steps: number;
  startedAt: string;
}

/** One alternative at a token position: what else the model might have written. */
export interface Alternative {
  token: number;
  text: string;
  probability: number;
}

/**
 * What a page may ask of the worker that holds the run. The run moves only when asked: whoever calls `next` is
 * the clock, so the page is never flooded and pausing needs no message. Every method rejects with one sentence
 * for people where it cannot do its work.
 */
export interface RunApi {
  /** Opens the adapter and loads the model that the configuration names. */
  open(config: RunConfig): Promise<Opened>;
  /** Begins a run (or goes on with the stored one). Only one tab may write a run of a name. */
  start(config: RunConfig, options: { resume: boolean }): Promise<void>;
  /** The next thing that happens in the run; null once it is over. */
  next(): Promise<TrainEvent | null>;
  /** Changes knobs that apply at the next step. */
  change(changes: Partial<RunConfig>): Promise<void>;
  /** Writes a checkpoint and ends the run. */
  stop(): Promise<void>;
  /** The pictures of a task, in source pixels. Works without a GPU and for any stored run. */
  pictures(task: Task, config: RunConfig): Promise<Pixels[]>;
  /** Text of token ids, one string a token. */
  texts(tokens: number[]): Promise<string[]>;
  /** The supervised stages from random weights; events come through `nextWarmup`. */
  startWarmup(options: { seed: number; rows: number }): Promise<void>;
  nextWarmup(): Promise<WarmupEvent | null>;
  /** Stored runs, newest first, and the events of one. */
  runs(): Promise<StoredRun[]>;
  events(name: string): Promise<TrainEvent[]>;
  remove(name: string): Promise<void>;
  /** The weights now, as the three files of a Hugging Face folder that change: name and bytes. */
  exportModel(): Promise<{ name: string; bytes: Uint8Array }[]>;
}
