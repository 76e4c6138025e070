import type { Rollout } from "../../../agent/rollout.ts";
import { rootOf } from "../../worker_api/branch_api.ts";
import type { StepRecord } from "./run_state.ts";

/** Among what the next or the previous rollout is looked for. */
export type Among = "siblings" | "tasks" | "steps";

/**
 * The rollout `by` places on, for a branch from that which it left: among its siblings, at its place of another task of the step, or at its place of another
 * step. Siblings and tasks go round; steps end. Null where there is none, or where it would be the same.
 * @param steps  in order; groups that are still sampled, and steps without rollouts, are passed over
 */
export function otherRollout(
  steps: readonly StepRecord[],
  { id, step, taskIndex, rolloutIndex }: Pick<Rollout, "id" | "step" | "taskIndex" | "rolloutIndex">,
  among: Among,
  by: number,
): Rollout | null {
  const found = among === "steps" ? inStep(steps, step, by) : steps.findLast((record) => record.step === step);
  if (!found) return null;
  const groups = found.groups.flatMap((group) => (group !== null && group.length > 0 ? [group] : []));
  const own = groups.findIndex((group) => group[0]!.taskIndex === taskIndex);
  if (own < 0 && among !== "steps") return null;
  const at = among === "tasks" ? round(own + by, groups.length) : Math.max(0, own);
  const group = groups[at];
  if (!group) return null;
  const mine = group.findIndex((rollout) =>
    among === "siblings" ? rollout.id === rootOf(id) : rollout.rolloutIndex === rolloutIndex,
  );
  const other = group[among === "siblings" ? round(mine + by, group.length) : Math.max(0, mine)]!;
  return other.id === id ? null : other;
}

const round = (at: number, length: number): number => (length === 0 ? 0 : ((at % length) + length) % length);

/** The step `by` places away among those whose rollouts are kept. */
function inStep(steps: readonly StepRecord[], step: number, by: number): StepRecord | null {
  const kept = steps.filter(({ groups }) => groups.some((group) => group !== null && group.length > 0));
  const own = kept.findLastIndex((record) => record.step <= step);
  // Between two that are kept, the one before is one step away too.
  const exact = kept[own]?.step === step;
  return kept[own + by + (by < 0 && !exact ? 1 : 0)] ?? null;
}
