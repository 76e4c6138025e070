import type { Rollout } from "../../agent/rollout.ts";
import type { CoordinateFrame } from "../../image/coordinate_frame.ts";
import type { ToolForm } from "../../policy/elsewhere/remote_policy.ts";
import type { Task } from "../../tasks/task.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { NamedGraphs } from "../session/opened_graphs.ts";
import type { AnsweredBy, AskedWeights } from "./asked_weights.ts";

/** One more rollout of a task. It belongs to no run, and nothing is trained on it. */
export interface AskedRoll {
  task: Task;
  /** The settings that it is rolled under; they need not be those of the run. */
  config: RunConfig;
  /** The most likely token each time, whatever the temperature. */
  greedy: boolean;
  /** Steps that the weights have behind them, for the checkpoint that is nearest; and part of the key of each sample. */
  step: number;
}

/** The same by weights of a run. */
export interface AskedRollHere extends AskedRoll, AskedWeights {}

export interface RolledHere {
  rollout: Rollout;
  by: AnsweredBy;
}

/** A policy elsewhere as a page names it; its key was entered for its origin (JudgeApi.setKey). */
export interface NamedServer {
  url: string;
  /** Empty: the first that the server names. */
  model: string;
  /** What its boxes mean; null: what the model's name says. */
  frame: CoordinateFrame | null;
  toolForm: ToolForm;
}

/** The same by a model on a server. */
export interface AskedRollElsewhere extends AskedRoll {
  server: NamedServer;
}

/** The same by a model as ONNX graphs. */
export interface AskedRollByGraphs extends AskedRoll {
  graphs: NamedGraphs;
}

export interface RolledElsewhere {
  rollout: Rollout;
  /** What should be known of the model, in sentences. */
  notices: string[];
}
