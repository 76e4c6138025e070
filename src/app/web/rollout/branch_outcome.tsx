import { batch } from "@preact/signals";
import type { Branch } from "../../worker_api/branch_api.ts";
import { usePage } from "../run/page_context.ts";
import { answerProbability, branchName, changeText, outcomeText } from "./branch_words.ts";
import type { StepContext } from "./step_context.ts";

/** What came of a branch, beside what the rollout that is looked at came to. */
export function BranchOutcome({ branch, step }: { branch: Branch; step: StepContext }) {
  const { store } = usePage();
  const { rollout } = step.chosen;
  const isShown = rollout.id === branch.id;
  return (
    <div class="outcome">
      <p>
        <b>{outcomeText(branch.rollout, branch.answerProbability)}</b>
      </p>
      <p class="soft small">
        {branchName(branch)}: {changeText(branch)}
        {branch.by.step !== null &&
          ` · by the weights ${branch.by.step === 0 ? "at the start" : `after step ${branch.by.step}`}`}
        {branch.parent === rollout.id && ` · original: ${outcomeText(rollout, answerProbability(rollout, step.units))}`}
      </p>
      {!isShown && (
        <button
          type="button"
          onClick={() => {
            batch(() => {
              store.pinned.value = branch.id;
              // It opens where it differs.
              if (branch.what.kind === "token" || branch.what.kind === "text")
                store.cursor.value = { rollout: branch.id, tokens: branch.place + 1 };
            });
          }}
        >
          Step through it
        </button>
      )}
    </div>
  );
}
