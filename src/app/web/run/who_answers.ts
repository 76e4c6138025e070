import type { RunConfig } from "../../../train/knobs.ts";
import type { AnsweredBy, AskedWeights } from "../../worker_api/asked_weights.ts";
import { modelName } from "../labels/model_name.ts";
import { count } from "../labels/numbers.ts";
import type { Store } from "./store.ts";

/** Which weights are asked about the shown run: of one that is stored here its checkpoint, else those that are open. */
export function askedOf(store: Store): Required<AskedWeights> {
  const replay = store.replay.value;
  if (replay?.origin === "stored") return { weights: "checkpoint", run: replay.name };
  return { weights: "now", run: replay === null ? store.storedAs.value : null };
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
    return `Asked: the stored checkpoint ${by.step === 0 ? "at the start" : `after step ${count(by.step ?? 0)}`}, the nearest to what wrote this`;
  if (by.weights === "start") return "Asked: the weights that the run began with";
  if (store.live.value.head !== null)
    return origin === null
      ? `Asked: the weights of this run after step ${count(step)}`
      : `Asked: the run in this tab after step ${count(step)}, which did not write this${recorded ? ": the recording holds no weights" : ""}`;
  return origin === null
    ? "Asked: the model as it was loaded"
    : `Asked: the model as it was loaded, where this run began, and not the weights that wrote this${recorded ? ": the recording holds none" : ""}`;
}
