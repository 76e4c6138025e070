import type { Metrics } from "../../../train/events.ts";
import type { Sight } from "../../../train/sight.ts";
import { figure, signed } from "../labels/numbers.ts";
import { percent } from "../labels/worth_words.ts";

/** unknown: not measured, or not in the log. */
export type LightState = "good" | "watch" | "bad" | "unknown";

/** One thing that must hold for a run to learn what it seems to learn. */
export interface Light {
  name: "pixels" | "drift" | "variance";
  title: string;
  state: LightState;
  /** The number behind it. */
  value: string;
  /** What it means, and what to do where it is not good. */
  sentence: string;
}

/** Nats a token: a learner that sees loses far more, one that does not exactly nothing. */
const blind = 1e-3;
const hardlySees = 0.02;

/** Is the loss of the learner another without the pictures? @param rise  in nats a token; null: not measured */
export function pixelLight(rise: number | null): Light {
  const title = "The learner sees the pixels";
  const light = { name: "pixels" as const, title, value: rise === null ? "not measured" : `${signed(rise, 3)} nats` };
  if (rise === null)
    return {
      ...light,
      state: "unknown",
      sentence: "How much the loss per token rises when all pictures are replaced by grey.",
    };
  if (rise < blind)
    return {
      ...light,
      state: "bad",
      sentence:
        "The loss is the same with grey pictures: they do not reach the learner, or the model does not use them. Check under Step through what the model saw, or start from a model that can read pictures.",
    };
  if (rise < hardlySees)
    return {
      ...light,
      state: "watch",
      sentence:
        "The loss hardly rises with grey pictures, so the model answers mostly without them. Use questions that cannot be answered without looking.",
    };
  return {
    ...light,
    state: "good",
    sentence: "The loss per token rises by this when all pictures are replaced by grey.",
  };
}

/** How far the rollout's and the learner's log-probabilities are apart. @param drift  null: not in the log */
export function driftLight(drift: number | null): Light {
  const title = "Sampler and learner agree";
  const light = {
    name: "drift" as const,
    title,
    value: drift === null ? "not in the log" : drift === 0 ? "exactly 0" : figure(drift),
  };
  if (drift === null)
    return { ...light, state: "unknown", sentence: "How far the importance ratio is from 1 before the first update." };
  if (drift === 0)
    return {
      ...light,
      state: "good",
      sentence: "Every token has exactly the same log-probability in training as when it was sampled.",
    };
  if (drift < drifting)
    return {
      ...light,
      state: "watch",
      sentence: "Log-probabilities in training differ from those of sampling by rounding, as matrix units cause it.",
    };
  return {
    ...light,
    state: "bad",
    sentence:
      "Log-probabilities in training differ from those of sampling, so the gradient is not that of the policy that wrote the rollouts. Set matrixUnits to off; if that does not help, report it.",
  };
}

/** A ratio as far from 1 as this is no matter of rounding. */
const drifting = 0.02;

/** Groups of equal rewards teach nothing. @param accuracy  of the same steps; null where none was judged */
export function varianceLight(share: number | null, accuracy: number | null): Light {
  const title = "Groups differ";
  const light = {
    name: "variance" as const,
    title,
    value: share === null ? "no groups yet" : `${percent(share)} without variance`,
  };
  if (share === null) return { ...light, state: "unknown", sentence: "Share of groups whose rewards are all equal." };
  if (share < 0.5)
    return {
      ...light,
      state: "good",
      sentence: "Share of groups whose rewards are all equal; nothing is learned from those.",
    };
  const solved = accuracy !== null && accuracy > 0.9;
  const todo = solved
    ? "The tasks are nearly solved; use harder ones."
    : "Raise the temperature, use more rollouts per task, or easier tasks.";
  return {
    ...light,
    state: share < 0.9 || solved ? "watch" : "bad",
    sentence: `In most groups all rewards are equal, so nothing is learned from them. ${todo}`,
  };
}

/** Steps over which groups are counted: one step has few. */
const stepsCounted = 5;

/** The lights of a run. @param newest  metrics of its last steps, in order @param evaluated  of its last evaluation with crops measured */
export function healthLights(newest: readonly Metrics[], evaluated: Metrics | null, sight: Sight | null): Light[] {
  const mean = (name: string): number | null => {
    const values = newest.slice(-stepsCounted).flatMap((metrics) => metrics[name] ?? []);
    return values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;
  };
  const rise = sight ? sight.blankLoss - sight.loss : (evaluated?.["causal/blind_loss"] ?? null);
  return [
    pixelLight(rise),
    driftLight(newest.at(-1)?.ratio_drift ?? null),
    varianceLight(mean("zero_variance_groups"), mean("accuracy")),
  ];
}
