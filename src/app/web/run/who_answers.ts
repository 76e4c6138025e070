import type { RunConfig } from "../../../train/knobs.ts";
import type { AnsweredBy, AskedWeights, WeightsChoice } from "../../worker_api/asked_weights.ts";
import { modelName } from "../labels/model_name.ts";
import { count } from "../labels/numbers.ts";
import type { Store } from "./store.ts";

/** Which weights are asked where a person has chosen none: of a stored run its own, else those that are open. */
export const weightsAsked = (store: Store): WeightsChoice =>
  store.askedWeights.value.weights ?? (store.replay.value?.origin === "stored" ? "checkpoint" : "now");

/** For questions about rollouts of the shown run: which weights, and where its checkpoints are. */
export const askedOf = (store: Store): Required<AskedWeights> => ({
  weights: weightsAsked(store),
  run: runName(store),
});

/** Under which name the shown run is stored in this browser; null where it is not. */
function runName(store: Store): string | null {
  const replay = store.replay.value;
  if (replay === null) return store.storedAs.value;
  return replay.origin === "stored" ? replay.name : null;
}

/** Why the open model cannot be asked about rollouts of the shown run, in a sentence; null where it can. */
export function obstacleTo(store: Store, pictures: RunConfig | null): string | null {
  const opened = store.opened.value;
  const trained = store.runHead.value?.model.name;
  if (store.gpuProblem.value !== null) return "This is measured with the model, which needs WebGPU";
  if (opened === null) return "This can be measured once the model is open";
  if (store.warmup.value.running) return "This can be measured once the warm-up is over";
  if (trained !== undefined && opened.model.name !== trained)
    return `This run trained ${modelName(trained)}, and ${modelName(opened.model.name)} is open: choose settings with its model to measure this`;
  return pictures === null ? "This is measured with the rollouts’ pictures, which are not here" : null;
}

/** Whose answer it is, in words. @param step  that the run in this tab had made when it was asked */
export function whoAnswered(store: Store, by: AnsweredBy, step: number): string {
  const { origin } = store.replay.value ?? { origin: null };
  const recorded = origin !== null && origin !== "stored";
  if (by.weights === "checkpoint")
    return `Measured with the stored checkpoint ${by.step === 0 ? "at the start" : `after step ${count(by.step ?? 0)}`}, the nearest one`;
  if (by.weights === "start") return "Measured with the weights at the start of the run";
  if (store.live.value.head !== null)
    return origin === null
      ? `Measured with the weights of this run after step ${count(step)}`
      : `Measured with the run in this tab after step ${count(step)}, not with the weights that wrote this${recorded ? ": a recording has no weights" : ""}`;
  return origin === null
    ? "Measured with the model as loaded"
    : `Measured with the model at the start of the run, not with the weights that wrote this${recorded ? ": a recording has no weights" : ""}`;
}
