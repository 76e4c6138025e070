import type { Rollout } from "../../agent/rollout.ts";
import type { LoggedStep } from "./logged_steps.ts";

/** What a person said of a rollout, as fields beside a program's own; the same for every rollout of a step. */
export interface MarkFields {
  note: string | null;
  /** With commas between. */
  tags: string | null;
  judge_wrong: boolean;
}

/** Fields of marks for the rollouts of a step; none where nobody said anything of any of them. */
export function markFields({ marks }: Pick<LoggedStep, "marks">): (rollout: Rollout) => Partial<MarkFields> {
  if (marks.size === 0) return () => ({});
  return ({ id }) => {
    const { note = "", tags = [], judgeWrong = false } = marks.get(id) ?? {};
    return { note: note || null, tags: tags.join(", ") || null, judge_wrong: judgeWrong };
  };
}
