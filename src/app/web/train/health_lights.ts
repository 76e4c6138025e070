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
      sentence: "By how much the loss of a token rises where all pictures are grey.",
    };
  if (rise < blind)
    return {
      ...light,
      state: "bad",
      sentence:
        "The loss is the same with grey pictures: they do not reach the learner, or the model makes no use of them. See under Step through what the model got; begin with a model that can read pictures.",
    };
  if (rise < hardlySees)
    return {
      ...light,
      state: "watch",
      sentence:
        "The loss hardly rises with grey pictures, so that the model answers mostly without them: ask what cannot be known without looking.",
    };
  return { ...light, state: "good", sentence: "Where all pictures are grey, a token’s loss rises by this." };
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
    return { ...light, state: "unknown", sentence: "How far the ratio of an unchanged policy is from 1." };
  if (drift === 0)
    return {
      ...light,
      state: "good",
      sentence: "The learner finds each token exactly as likely as when it was sampled.",
    };
  if (drift < drifting)
    return {
      ...light,
      state: "watch",
      sentence:
        "The learner’s probabilities differ from the sampler’s by rounding (matrix units do that): the ratios are of an almost unchanged policy.",
    };
  return {
    ...light,
    state: "bad",
    sentence:
      "The learner finds other probabilities than the sampler had, so that the gradient is of a policy that did not write the rollouts. Set matrixUnits to off; where that does not help, report it.",
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
  if (share === null)
    return { ...light, state: "unknown", sentence: "Share of groups whose rollouts are all paid alike." };
  if (share < 0.5)
    return {
      ...light,
      state: "good",
      sentence: "So many groups are paid alike, from which nothing is learned; the others teach.",
    };
  const solved = accuracy !== null && accuracy > 0.9;
  const todo = solved
    ? "The tasks are solved: harder ones would teach more."
    : "Raise the temperature, take more rollouts of a task, or easier tasks.";
  return {
    ...light,
    state: share < 0.9 || solved ? "watch" : "bad",
    sentence: `The rollouts of most groups are all paid alike, so that there is nothing to learn from them. ${todo}`,
  };
}

/** Steps over which groups are counted: one step has few. */
export const stepsCounted = 5;

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
