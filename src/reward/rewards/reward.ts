import type { Reward, Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import { judgeByRules, type Verdict } from "../rules/rules.ts";
import { sumOf, weightedParts } from "./weighted_parts.ts";

/** What is paid for what; a run's configuration fits. */
export interface RewardWeights {
  answerWeight: number;
  /** Charged where the rollout did not end with a well-formed answer. */
  formatWeight: number;
  bonusWeight: number;
  /** conditional: for a zoom that was carried out, with a right answer; unconditional: for the zoom alone. */
  bonus: "conditional" | "unconditional" | "none";
}

/**
 * The reward of DeepEyes, part by part: answer (weight or 0), format (0 or -weight), zoom (weight or 0). Only a zoom
 * that the tool carried out earns the bonus, not a call that failed or was merely written.
 * Null where the world failed (`end` "error", or a verdict that could not be had): 0 would be a verdict.
 */
export function score(
  rollout: Rollout,
  task: Task,
  weights: RewardWeights,
  verdict: Verdict | null = judgeByRules(rollout.answer, task),
): Reward | null {
  if (rollout.end === "error" || verdict === null) return null;
  const zoomed = rollout.calls.some((call) => call.outcome === "ok");
  const earned =
    weights.bonus === "unconditional" ? zoomed : weights.bonus === "conditional" && zoomed && verdict.right;
  const parts = weightedParts(
    { right: verdict.right, wellFormed: rollout.end === "answer", earned },
    { answer: weights.answerWeight, format: weights.formatWeight, zoom: weights.bonusWeight },
  );
  return { parts: { ...parts }, total: sumOf(parts), right: verdict.right, verdict: verdict.rule };
}
