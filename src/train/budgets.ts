import type { JudgeCounts } from "../reward/judges/counts.ts";
import type { RunConfig } from "./knobs.ts";

const msPerMinute = 60_000;

/**
 * Which budget of a run is used up, and what to do, in one sentence; null while none is. Counted since the run was begun or
 * gone on with.
 * @param usedMs  time that steps and evaluations took
 */
export function usedUp(
  { timeBudget, judge, judgeBudget, judgeSpend }: RunConfig,
  usedMs: number,
  { connection }: Pick<JudgeCounts, "connection">,
): string | null {
  if (timeBudget > 0 && usedMs >= timeBudget * msPerMinute)
    return `The time budget of ${timeBudget} min is used up; go on with the run for as long again`;
  if (judge === "rules") return null;
  if (connection.calls >= judgeBudget)
    return `The judge was asked ${judgeBudget} times, which is its budget (judgeBudget); go on with the run to ask as often again`;
  if (judgeSpend > 0 && connection.tokens.cost >= judgeSpend)
    return `The judge's tokens have cost ${Number(connection.tokens.cost.toPrecision(3))}, of ${judgeSpend} that they may (judgeSpend); go on with the run to spend as much again`;
  return null;
}
