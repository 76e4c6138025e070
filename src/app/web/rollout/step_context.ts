import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { Pixels } from "../../../image/pixels.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { ModelInput } from "../run/model_inputs.ts";
import type { Chosen } from "../run/store.ts";
import type { StepLoss } from "./step_loss.ts";
import type { Unit } from "./token_units.ts";
import type { StepMeasures } from "./use_measures.ts";

/** All that a panel of the step view needs to know of where the cursor stands. */
export interface StepContext {
  /** The rollout that is stepped through, with its task, its siblings and its step. */
  chosen: Chosen;
  /** How many branches it has, or the rollout that it left in the end. */
  branches: number;
  /** Of the run that is shown; null where its log does not say. */
  config: RunConfig | null;
  /** The rollout as what the cursor stops at, in order; never empty. */
  units: readonly Unit[];
  /** Index into `units`. */
  cursor: number;
  /** The unit under the cursor. */
  unit: Unit;
  /** Sampled tokens before it: the index of a sampled token among all that the model sampled. */
  sampledBefore: number;
  /** The task's pictures at their own size; null until they are loaded. */
  pictures: readonly Pixels[] | null;
  /** What the model got, in order: the task's pictures, then crops; empty until `pictures` are there. */
  inputs: readonly ModelInput[];
  /** What the model finds at each sampled token, by chosen weights. */
  measures: StepMeasures;
  /** The advantage of each token that the model sampled, as the run's settings make it; null where the rollout has none. */
  advantages: readonly number[] | null;
  /** The loss of the sampled tokens under the asked weights, by the run's settings; null where it cannot be known. */
  loss: StepLoss | null;
  /** Moves the cursor to a unit; beyond the ends: to the end. */
  move(to: number): void;
  /** What a panel draws on the pictures. A panel that sets it sets it to null when it goes. */
  over: Signal<Over | null>;
}

/** Drawn over pictures, in boxes that have exactly their place and size. */
export interface Over {
  /** On the task's first picture at its own size. */
  original?(picture: Pixels): ComponentChildren;
  /** On a picture as the model got it. */
  input?(picture: ModelInput): ComponentChildren;
}
