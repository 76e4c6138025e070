import type { Rollout } from "../../agent/rollout.ts";
import type { MemoryPeak } from "../../gpu/buffer_pool.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { LoadProgress } from "../../model/load.ts";
import type { AdapterNames } from "../../model/names.ts";
import type { NamedBytes, Platform } from "../../platform.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import { sameAdapter } from "../../train/adapter_settings.ts";
import type { AttentionMaps } from "../../train/attention_maps.ts";
import type { Evaluated, RollingOptions } from "../../train/evaluation.ts";
import type { ModelFacts, TrainEvent, WarmupEvent } from "../../train/events.ts";
import type { TokenMeasure } from "../../train/inspect.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { MadeBefore } from "../../train/run_parts.ts";
import type { Sight } from "../../train/sight.ts";
import type { ZoomWorth } from "../../train/zoom_worth.ts";
import type { AskedBranch, MadeBranch } from "./rollout_branch.ts";
import type { ProbedRollouts } from "./rollout_worth.ts";
import type { JudgeAccess, OwnParts } from "./run_context.ts";
import type { TracedSteps } from "./session_trace.ts";

/**
 * A model on a GPU and all that can be done with it. The command line and the page's worker drive it alike; it knows
 * neither. It writes nothing: its caller stores the events (src/app/run/record.ts).
 */
export interface Session {
  /** The device is gone: nothing can be done with this session any more. */
  readonly lost: boolean;
  /** e.g. "Apple M2" or "SwiftShader (software)". */
  readonly adapter: string;
  readonly software: boolean;
  readonly model: ModelFacts;
  /** What a person should know of the folders that it was opened from, in sentences. */
  readonly notices: readonly string[];

  /** @throws Error where what was opened can be used, but not be trained as the libraries that made it would train it */
  expectTrainable(): void;

  /** @throws Error where no task of the run can be trained on: all rows are held out or left out */
  expectTasks(): Promise<void>;

  /**
   * Takes weights, optimizer and step from the files of a checkpoint; `train` then goes on after that step.
   * Returns the step. @throws Error where they belong to another model.
   */
  restore(files: readonly NamedBytes[]): Promise<number>;

  /**
   * A second session of the same model on the same device, with the weights that a run on it began with; `restore` gives it
   * others. It is for questions: nothing is to be trained with it. To be closed before this one.
   * @throws Error in one sentence where a second set of weights is too large
   */
  beside(): Promise<Session>;

  /** Back to the weights that the model's folder holds and a fresh optimizer, under another configuration of the same model. */
  reset(config: RunConfig): Promise<void>;

  /**
   * Trains until `config.steps` are made. Begins with a "run" event and ends with an "end" event; yields no
   * "checkpoint" events. The caller may stop between any two events by `return()`: the weights are then those after
   * the last "update" event. `signal` ends the wait for a judge as well; there is then no "end" event. `made` is what
   * alarms compare with.
   */
  train(signal?: AbortSignal, made?: MadeBefore): AsyncGenerator<TrainEvent>;

  /**
   * The supervised stages from random weights: `config.warmupRows` rows of warm start, then the cold start. After
   * `restore` of a checkpoint that was made on the way it goes on from there. Ends with evaluations and an "end" event.
   * `signal` ends it before: a step that the device has not got whole is given up, and the weights are those after the last
   * "warmup" event. Before that the weights, and the step of `checkpoint`, may be one step ahead of the events.
   *
   * @param pausesAfter  whether nothing is to be ahead when the event of this step comes; steps of all stages, from 1
   */
  warmup(signal?: AbortSignal, pausesAfter?: (step: number) => boolean): AsyncGenerator<WarmupEvent>;

  /**
   * Held-out tasks, not trained on. `tasks` is how many were asked: fewer than wanted where there are no more, and
   * `notes` then say why. `causal` also measures what the pictures of the tools were worth (train/causal_zoom.ts).
   * @throws Error where there are none, and the signal's reason where that stops it
   */
  evaluate(options: {
    tasks: number;
    greedy: boolean;
    causal?: boolean;
    /** The session's own unless given: another one of the same model, under which nothing is under way. */
    config?: RunConfig;
    signal?: AbortSignal;
  }): Promise<Evaluation>;

  /** Held-out tasks, one after the other, with their rollouts: scored, without advantages. */
  roll(options: {
    tasks: number;
    rolloutsPerTask: number;
    greedy: boolean;
    signal?: AbortSignal;
  }): AsyncGenerator<{ task: Task; rollouts: Rollout[] }>;

  /** The same with other tasks than the run's, whose pictures `source` has. */
  rollTasks(
    tasks: readonly Task[],
    options: RollingOptions & { source: Pick<TaskSource, "pictures"> },
  ): AsyncGenerator<{ task: Task; rollouts: Rollout[] }>;

  readonly rollouts: RolloutQuestions;

  /** One more rollout of a task of any run on this model, under a configuration of its own; scored. */
  rollTask(task: Task, config: RunConfig, options: { greedy: boolean; step: number }): Promise<Rollout>;

  /** The pictures of a generated task, rendered beside the thread that drives the GPU; null where this is closed meanwhile. */
  scenePictures?(task: Task, config: RunConfig): Promise<Pixels[] | null>;

  /** Text of token ids, one string a token. */
  texts(tokens: readonly number[]): string[];

  /** Changes knobs that apply at the next step. */
  change(changes: Partial<RunConfig>): void;

  /** Everything that a run needs to go on, as of the last update. */
  checkpoint(): Promise<{ step: number; files: NamedBytes[] }>;

  /** The weights in bf16 and the files around them, as a Hugging Face folder; of an adapter PEFT's files, its layers named so. */
  exportFiles(adapterNames?: AdapterNames): Promise<NamedBytes[]>;

  /** Time per kernel as a table; null unless the session was opened with `trace`. */
  profile(): string | null;

  /** What host and GPU did when, in the steps so far; null unless the session was opened with `trace` or `timeline`. */
  tracedSteps?(): Promise<TracedSteps | null>;

  /** Seconds of a small product on this device, measured for less than a second. */
  productSeconds?(): Promise<number>;

  /** The most of the GPU's memory that was held so far, and for what. */
  readonly peakMemory?: MemoryPeak;

  /** Gives the device back. */
  close(): void;
}

/** Questions about rollouts of any run on a session's model. */
export interface RolloutQuestions {
  /**
   * What the weights as they are would write in place of each token that the model wrote in a rollout, in order: the
   * likeliest first, and the written token among them. `config` is that of the rollout's run. `other` is a session beside
   * this one (or what this one stands beside), whose weights are compared with these.
   */
  measures(rollout: Rollout, task: Task, config: RunConfig, other?: Session | null): Promise<TokenMeasure[]>;

  /** What the pictures of tools were worth in rollouts, under the weights as they are; one for each that answered. */
  worths(asked: ProbedRollouts): Promise<ZoomWorth[]>;

  /** Whether the learner sees the pictures of rollouts; null where there are none. */
  sight(asked: Omit<ProbedRollouts, "other">): Promise<Sight | null>;

  /** What the weights as they are attend to where they wrote a token: the one of this index among those that the model wrote. */
  attention(rollout: Rollout, task: Task, config: RunConfig, index: number): Promise<AttentionMaps>;

  /**
   * Goes on from a rollout's tokens up to a place with something else behind them, on the weights as they are. Nothing of a
   * run changes; while one moves, this is to be called between two events.
   * @throws Error in one sentence where what was put there cannot stand there
   */
  branch(asked: AskedBranch): Promise<MadeBranch>;
}

/** What can be done with a model without its weights, which may be elsewhere (remote_session.ts). */
export interface RollingSession
  extends Pick<
    Session,
    "adapter" | "notices" | "evaluate" | "roll" | "rollTasks" | "texts" | "change" | "profile" | "tracedSteps" | "close"
  > {
  readonly model: Pick<ModelFacts, "name" | "view">;
}

export interface Evaluation extends Evaluated {
  durationMs: number;
  tasks: number;
  notes: string[];
}

/** Whether a session that was opened with one configuration can be reset to the other. */
export const sameModel = (a: RunConfig, b: RunConfig): boolean =>
  sameAdapter(a, b) &&
  a.maxPixels === b.maxPixels &&
  a.baseDtype === b.baseDtype &&
  a.freeze === b.freeze &&
  a.kvCacheDtype === b.kvCacheDtype &&
  a.matrixUnits === b.matrixUnits;

/** How host and GPU work side by side. */
export interface Overlap {
  /** Tokens are submitted before the look before them has been read. */
  ahead: boolean;
  /** Parts of a step's tasks, of which one decodes while another's calls are carried out. */
  lanes: number;
}

export interface SessionOptions {
  /** Measures every kernel once, and when host and GPU do what. */
  trace?: boolean;
  /** Measures when host and GPU do what, without single kernels. */
  timeline?: boolean;
  /** How host and GPU work side by side; chosen by the adapter unless given. No bit depends on it. */
  overlap?: Overlap;
  /** False: the usual kernels are taken, and not those that are fastest on this device. */
  tune?: boolean;
  judgeAccess?: JudgeAccess;
  /** What is used in the place of what the configuration names. */
  own?: OwnParts;
  /** Where pictures are rendered and resized, with the same bytes: by default on the device, unless that is the CPU. */
  pictures?: "device" | "host";
  /** Nothing will be trained: weights are kept as `baseDtype` says, without gradients and moments. */
  frozen?: boolean;
  /** Called with how much of the model has been read. */
  progress?: LoadProgress;
}

/** Opens the adapter and loads the model that the configuration names. */
export type OpenSession = (platform: Platform, config: RunConfig, options?: SessionOptions) => Promise<Session>;
