import type { RollEvent, Rollout } from "../agent/rollout.ts";
import type { SizeLimits } from "../image/smart_resize.ts";
import type { Fingerprint } from "../tasks/fingerprint.ts";
import type { Task } from "../tasks/task.ts";
import type { RunConfig } from "./knobs.ts";
import type { RolloutMark } from "./rollout_mark.ts";

/** Numbers of one step by name; src/train/metrics.ts says what each is. Other trainers' names are added when logs are exported (src/interop). */
export type Metrics = Record<string, number>;

/** The model of a run, for people. */
export interface ModelFacts {
  name: string;
  parameters: number;
  /** How large it sees pictures; a factor is the side of the square that one image token covers. Logs of early runs lack it. */
  view?: SizeLimits;
}

/** Knobs that take other values once so many steps were made. */
export interface ChangeAtStep {
  step: number;
  changes: Partial<RunConfig>;
}

/**
 * Everything that a run emits, in the order in which it happens: wire format, log format, replay format. Steps count from
 * 1, and an update closes its step: all events of a step have the same number. (In logs of format 1 tasks, rollouts and
 * changes counted from 0; src/app/run/early_log.ts reads them.)
 * Fields in milliseconds, `startedAt` and `peakMemoryBytes` are the only ones that differ between two runs of one seed; the page adds
 * "checkpoint" events where it saves for a person's sake.
 */
export type TrainEvent =
  /**
   * The head of a log. `resumedAt` is the step that the checkpoint was written after, 0 for a fresh run. `upcoming`:
   * changes that were made after that step before the run was interrupted, and will be made again at theirs.
   */
  | {
      type: "run";
      format: 2;
      config: RunConfig;
      model: ModelFacts;
      adapter: string;
      resumedAt: number;
      startedAt: string;
      /** What distinguishes its files from others of the same names. Logs of early runs lack it. */
      sources?: readonly Fingerprint[];
      upcoming?: readonly ChangeAtStep[];
    }
  /** Knobs have other values from this step on. */
  | { type: "config"; step: number; changes: Partial<RunConfig> }
  /** A step begins with these tasks; `more`: these come to them, in the place of groups without variance. */
  | { type: "tasks"; step: number; tasks: Task[]; more?: true }
  | RollEvent
  /** The rollouts of one task, scored, with advantages. */
  | { type: "group"; step: number; taskIndex: number; rollouts: Rollout[] }
  /** The weights changed; `step` is the number of steps made. */
  | {
      type: "update";
      step: number;
      metrics: Metrics;
      durationMs: number;
      rollMs: number;
      updateMs: number;
      /** The most of the GPU's memory that this process has held so far. Logs of early runs lack it. */
      peakMemoryBytes?: number;
    }
  /** Held-out scenes, not trained on. */
  | { type: "eval"; step: number; tasks: number; greedy: boolean; metrics: Metrics; durationMs: number }
  | { type: "checkpoint"; step: number; path: string }
  /** What a person said of a rollout of this step. No run emits it: it stands in logs that are saved with notes, before the step's update. */
  | { type: "mark"; step: number; mark: RolloutMark }
  /** Something that a person should know, e.g. that zooming is dying out. One about storage is about the present, and is not logged. */
  | { type: "alarm"; step: number; message: string; about?: "storage" }
  | { type: "end"; step: number; reason: "done" | "stopped" | "failed"; message?: string };

/** One step of the supervised warm start. */
export type WarmupEvent =
  | {
      type: "warmup";
      stage: "warm" | "cold";
      step: number;
      steps: number;
      loss: number;
      gradNorm: number;
      rows: number;
      durationMs: number;
    }
  | { type: "eval"; step: number; tasks: number; greedy: boolean; metrics: Metrics; durationMs: number }
  | { type: "checkpoint"; step: number; path: string }
  | { type: "end"; step: number; reason: "done" | "stopped" | "failed"; message?: string };
