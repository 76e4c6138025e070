import { usePage } from "../run/page_context.ts";
import { askedOf } from "../run/who_answers.ts";
import { BranchOutcome } from "./branch_outcome.tsx";
import type { StepContext } from "./step_context.ts";
import { visibleText } from "./token_units.ts";

/** The text of a token that might stand under the cursor: a button that goes on with it. */
export function TokenButton({ step, token, text }: { step: StepContext; token: number; text: string }) {
  const { branches, store } = usePage();
  const { chosen, unit } = step;
  const shown = visibleText(text);
  return (
    <button
      type="button"
      class="trytoken"
      disabled={branches.making.value || branches.obstacle() !== null}
      title={`Continue with this token instead (id ${token})`}
      aria-label={`Continue with “${shown}”`}
      onClick={() => void branches.make(chosen, { kind: "token", at: unit.first, token }, askedOf(store))}
    >
      {shown}
    </button>
  );
}

/** What came of the last token that was tried at the cursor, or why it could not be. */
export function TokenOutcome({ step }: { step: StepContext }) {
  const { branches } = usePage();
  const { latest, problem, making } = branches;
  const { chosen, unit } = step;
  const made = latest.value;
  const isHere = made?.what.kind === "token" && made.what.at === unit.first && made.parent === chosen.rollout.id;
  return (
    <div role="status">
      {making.value && <p class="soft small">generating…</p>}
      {!making.value && problem.value !== null && <p class="problem small">{problem.value}</p>}
      {!making.value && made && isHere && <BranchOutcome branch={made} step={step} />}
    </div>
  );
}
