import type { RunConfig } from "../../train/knobs.ts";

export const actor = "actor_rollout_ref.actor";
export const rollout = "actor_rollout_ref.rollout";
export const model = "actor_rollout_ref.model";

/** Whether a run is written with the names of DeepEyes' fork, which has its own agent loop, or with verl's own. */
export const isFork = ({ tool }: RunConfig): boolean => tool === "deepeyes";
