import type { Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import type { CausalSummary } from "../../train/causal_summary.ts";
import type { Metrics } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { Sight } from "../../train/sight.ts";
import type { ZoomWorth } from "../../train/zoom_worth.ts";
import type { AnsweredBy, AskedWeights } from "./asked_weights.ts";

/** Rollouts of one task, at least one, with the settings of their run, and the weights that are asked about them. */
export interface AskedGroup extends AskedWeights {
  task: Task;
  rollouts: readonly Rollout[];
  config: RunConfig;
}

/** The same, and a rollout of another task of the run in which a tool gave a picture; null where there is none. */
export interface AskedWorths extends AskedGroup {
  other: { task: Task; rollout: Rollout } | null;
}

/** What the pictures of tools were worth, one for each rollout that answered, and who says so. */
export interface Worths {
  worths: ZoomWorth[];
  by: AnsweredBy;
}

/** Whether the learner sees the pictures; null where there are none. */
export interface SeenPictures {
  sight: Sight | null;
  by: AnsweredBy;
}

/** An evaluation with all that is measured about pictures, under settings of the open model. */
export interface AskedEvaluation extends AskedWeights {
  config: RunConfig;
  /** Steps that the run has made: the checkpoint nearest to them is asked, where one is. */
  step: number;
  tasks: number;
}

/** What it found. */
export interface CausalEvaluation {
  /** Tasks that were asked: fewer than wanted where there are no more. */
  tasks: number;
  metrics: Metrics;
  causal: CausalSummary;
  by: AnsweredBy;
}
