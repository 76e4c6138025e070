import type { Rollout } from "../../agent/rollout.ts";
import type { LoggedStep } from "./logged_steps.ts";

/** What a rollout continues, as fields beside a program's own; the same for every rollout of a step. */
export interface ContinuationFields {
  /** The rollout whose tokens it has, and the first token that is its own, counted from the prompt's first as 0. */
  continues: string | null;
  continues_from: number | null;
  /** Others continue it from this token on: what it wrote there itself is in no loss. */
  continued_at: number | null;
}

/** Fields for the rollouts of a step; none where no rollout of it continues another. */
export function continuationFields({
  groups,
}: Pick<LoggedStep, "groups">): (rollout: Rollout) => Partial<ContinuationFields> {
  if (!groups.some(({ rollouts }) => rollouts.some(({ continues }) => continues))) return () => ({});
  return ({ continues, continuedAt }) => ({
    continues: continues?.rollout ?? null,
    continues_from: continues?.token ?? null,
    continued_at: continuedAt ?? null,
  });
}
