import type { Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { AskedAttention, Attention } from "./asked_attention.ts";
import type { AskedWeights } from "./asked_weights.ts";
import type { BranchApi } from "./branch_api.ts";
import type { ListApi } from "./list_api.ts";
import type { AskedRollByGraphs, AskedRollElsewhere, AskedRollHere, RolledElsewhere, RolledHere } from "./roll_api.ts";
import type { AskedMeasures, Measures } from "./token_measures.ts";
import type { AskedEvaluation, AskedGroup, AskedWorths, CausalEvaluation, SeenPictures, Worths } from "./worth_api.ts";

/** A rollout, what belongs to it (its task, and the settings of its run), and the weights that are asked about it. */
export interface AskedRollout extends AskedWeights {
  rollout: Rollout;
  task: Task;
  config: RunConfig;
}

/**
 * What a page may ask about rollouts. For what is said below a model must be open; a run waits meanwhile, and nothing that is
 * asked changes it. Every method rejects with one sentence.
 */
export interface RolloutApi extends BranchApi, ListApi {
  /** Every token that the model wrote in a rollout, measured under the weights, in order. */
  measures(asked: AskedMeasures): Promise<Measures>;

  /** What the weights attend to where they wrote one token, on the pictures before it. */
  attention(asked: AskedAttention): Promise<Attention>;
  /** What the pictures of tools were worth in rollouts of one task: how likely its answer and theirs are without them. */
  worths(asked: AskedWorths): Promise<Worths>;
  /** How the loss of what was written rises where all pictures are grey. */
  sight(asked: AskedGroup): Promise<SeenPictures>;
  /** Held-out tasks, sampled once each. Weights that a run is training must not be asked: it may be within a step. */
  evaluate(asked: AskedEvaluation): Promise<CausalEvaluation>;
  /** One more rollout of a task, scored. */
  roll(asked: AskedRollHere): Promise<RolledHere>;
  /** The same by a model on a server; needs no model here. A new question ends the one before. */
  rollElsewhere(asked: AskedRollElsewhere): Promise<RolledElsewhere>;
  stopElsewhere(): Promise<void>;
  /** The same by a model as ONNX graphs, which stay open until others are asked; needs no model here. `stopElsewhere` ends it. */
  rollByGraphs(asked: AskedRollByGraphs): Promise<RolledElsewhere>;
  /** How much of the graphs has been read, in bytes of their files; null while none are read. */
  graphsLoading(): Promise<{ doneBytes: number; ofBytes: number } | null>;
}
