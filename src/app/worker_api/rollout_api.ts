import type { Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { AnsweredBy, AskedWeights } from "./asked_weights.ts";

/** One alternative at a token position: what else the model might have written. */
export interface Alternative {
  token: number;
  text: string;
  probability: number;
}

/** What else might have been written, and who says so. */
export interface Alternatives {
  /** A list for each token that the model wrote, in order. */
  lists: Alternative[][];
  by: AnsweredBy;
}

/** A rollout, what belongs to it (its task, and the settings of its run), and the weights that are asked about it. */
export interface AskedRollout extends AskedWeights {
  rollout: Rollout;
  task: Task;
  config: RunConfig;
}

/**
 * What a page may ask about single rollouts. A model must be open; a run waits meanwhile, and nothing that is asked changes
 * it. Every method rejects with one sentence.
 */
export interface RolloutApi {
  /**
   * For every token that the model wrote in a rollout, in order: the five tokens that the weights find likeliest there,
   * likeliest first, and the written one behind them where it is not among them.
   */
  alternatives(asked: AskedRollout): Promise<Alternatives>;
}
