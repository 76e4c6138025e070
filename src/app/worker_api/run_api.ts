import type { Pixels } from "../../image/pixels.ts";
import type { Task } from "../../tasks/task.ts";
import type { ModelFacts, TrainEvent, WarmupEvent } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { RunMemory } from "../memory/run_memory.ts";
import type { CurveEvent } from "../run/curve_events.ts";
import type { ReadLog } from "../run/log_reader.ts";
import type { RunSummary } from "../run/run_summary.ts";
import type { DataApi } from "./data_api.ts";
import type { DroppedFolder, GivenFile } from "./dropped_folder.ts";
import type { Asked } from "./event_batches.ts";
import type { HubApi } from "./hub_api.ts";
import type { JudgeApi } from "./judge_api.ts";
import type { RecordsApi } from "./records_api.ts";
import type { RolloutApi } from "./rollout_api.ts";
import type { RunFilesApi } from "./run_files_api.ts";

/** What the page shows of the device and model before a run begins. */
export interface Opened {
  /** e.g. "Apple M2" or "SwiftShader (software)". */
  adapter: string;
  software: boolean;
  /** Of a software adapter: seconds of a product, from which `softwareStepSeconds` follows. */
  productSeconds?: number;
  model: ModelFacts;
  /** What a person should know of the model's folder, in sentences. */
  notices?: readonly string[];
  /** Set where an unfinished run with these settings is stored, with the step of its checkpoint: offer to go on with it. */
  resumable?: { name: string; step: number };
}

/** A stored run as the list shows it. */
export interface StoredRun {
  /** The name that it is stored under: links have it. */
  name: string;
  /** What a person calls it; absent: its name. */
  title?: string;
  preset: string;
  seed: number;
  /** Made, as the log says. */
  step: number;
  /** After which the checkpoint was written, 0 where there is none. Going on begins there. */
  savedStep: number;
  steps: number;
  startedAt: string;
  /** Who writes it now: this page, another tab, or none. */
  writer: "here" | "elsewhere" | null;
  /** Its preset and what differs from that; null where its settings are damaged. */
  settings: Partial<RunConfig> | null;
  /** What it reached; absent where it was made by an early page and not counted since (`RecordsApi.measure`). */
  summary?: RunSummary;
  /** About how much of the storage it takes, null where it was not counted. */
  sizeBytes: number | null;
  /** It came out of a file: nobody here has agreed to what it would fetch. */
  imported?: true;
  /** The browser keeps nothing: it goes with the page. */
  inPageAlone?: true;
}

/** Weights of one run after one step, as the files of a Hugging Face folder or of PEFT. */
export interface ExportedModel {
  run: string;
  step: number;
  files: { name: string; bytes: Uint8Array }[];
}

/** Weights that the supervised stages made here; a run can start from them under this name, finished or not. */
export interface StoredModel {
  name: string;
  preset: string;
  seed: number;
  rows: number;
  /** Steps made, of all. */
  step: number;
  steps: number;
  madeAt: string;
}

/** A file of weights from the network that this browser keeps, whole or in part. */
export interface CachedWeights {
  key: string;
  /** Where it was last read from. */
  path: string;
  sizeBytes: number;
  keptBytes: number;
  /** Whether the whole of it was found to have the SHA-256 that its server names. */
  checked?: boolean;
}

/** Events of a log, and what was left out of it. */
export interface EventsFile extends ReadLog {
  events: TrainEvent[];
}

/**
 * What a page may ask of the worker that holds the run. The run moves only while it is asked: the caller of `nextEvents`
 * is the clock, so the page is never flooded. Every method rejects with one sentence
 * for people where it cannot do its work.
 */
export interface RunApi {
  /** Looking at data before a run. */
  readonly data: DataApi;
  /** Everything about judges but for judging the run under way. */
  readonly judge: JudgeApi;
  /** Models of the Hub: what they are, their files, the token. */
  readonly hub: HubApi;
  /** Questions about single rollouts, which the open model answers. */
  readonly rollouts: RolloutApi;
  /** Stored runs as single files, and back. */
  readonly files: RunFilesApi;
  /** Names, sizes and sweeps of stored runs. */
  readonly records: RecordsApi;
  /**
   * Takes files that a person dropped or chose, as handles, for this visit; what was found can be named as model,
   * adapter or data.
   */
  drop(files: GivenFile[]): Promise<DroppedFolder[]>;
  /** Opens the adapter and loads the model that the configuration names. `trace` measures every kernel from then on. */
  open(config: RunConfig, options: { trace: boolean }): Promise<Opened>;
  /** How much of a model has been read, in bytes of its files; null while none is loaded. */
  loading(): Promise<{ doneBytes: number; ofBytes: number } | null>;
  /**
   * What a run with these settings takes of the GPU's memory; nothing is fetched for it. `memoryBytes`: of the card,
   * where it was given. @throws Error with one sentence where its model is not known here
   */
  memory(config: RunConfig, memoryBytes: number | null): Promise<RunMemory>;
  /** Begins a run. Returns the name that it is stored under. */
  start(config: RunConfig): Promise<string>;
  /**
   * Goes on with a stored run from its checkpoint, or from its beginning where there is none, under its own settings and
   * `changes` that apply at the next step. Only one tab may write a run. Returns the settings, as they were last.
   */
  resume(name: string, changes?: Partial<RunConfig>): Promise<RunConfig>;
  /**
   * What happened in the run since the last call, at most one message a frame; null once it is over. The run goes on for
   * a moment while nobody asks: "settled" waits for what is under way, and it rests then.
   */
  nextEvents(asked: Asked): Promise<TrainEvent[] | null>;
  /** The same without tasks and rollouts, for who looks at numbers alone; there may be none among what happened. */
  nextCurveEvents(asked: Asked): Promise<CurveEvent[] | null>;
  /** Changes knobs that apply at the next step. */
  change(changes: Partial<RunConfig>): Promise<void>;
  /**
   * Writes a checkpoint of the last step that was made, once the event under way has happened. Null where it stands
   * already, or where there is no run.
   */
  save(): Promise<TrainEvent | null>;
  /** Writes a checkpoint and ends the run. */
  stop(): Promise<void>;
  /** The pictures of a task, in source pixels. Works without a GPU and for any stored run. */
  pictures(task: Task, config: RunConfig): Promise<Pixels[]>;
  /** Text of token ids of a model, one string a token. */
  texts(tokens: number[], model: string): Promise<string[]>;
  /** Time per kernel as a table; null unless the model was opened with `trace` and has done something since. */
  profile(): Promise<string | null>;
  /**
   * The supervised stages from random weights, or on from where they were stopped; ends a run that is under way.
   * Events come through `nextWarmup`, null once it is over.
   */
  startWarmup(config: RunConfig, options: { resume: boolean }): Promise<void>;
  nextWarmup(): Promise<WarmupEvent | null>;
  /** Keeps what the warm-up has made so far and ends it. */
  stopWarmup(): Promise<void>;
  /** Keeps what a warm-up made that is over and could not be kept: the storage was full. Nothing where there is none. */
  keepWarmup(): Promise<void>;
  /** Weights made here, newest first. */
  models(): Promise<StoredModel[]>;
  removeModel(name: string): Promise<void>;
  /** Weights from the network that are kept here, the ones used last first. */
  weights(): Promise<CachedWeights[]>;
  removeWeights(key: string): Promise<void>;
  /** Stored runs, newest first, and the events and settings of one. */
  runs(): Promise<StoredRun[]>;
  events(name: string): Promise<EventsFile>;
  /** What the curves of a stored run are drawn from. */
  curves(name: string): Promise<CurveEvent[]>;
  settings(name: string): Promise<RunConfig>;
  remove(name: string): Promise<void>;
  /**
   * The weights of a stored run's checkpoint; null: those that the run of this page has now.
   * @throws Error where there is no checkpoint, or no run
   */
  exportModel(run: string | null): Promise<ExportedModel>;
}
