import { type Branch, rootOf } from "../../worker_api/branch_api.ts";
import { usePage } from "../run/page_context.ts";
import { RemoveButton } from "../widgets/remove_button.tsx";
import "./branch.css";
import { branchName, changeText, outcomeText } from "./branch_words.ts";
import type { StepContext } from "./step_context.ts";

/** The branches of the rollout that is looked at, or that a branch comes from. */
export const branchesOf = (branches: readonly Branch[], id: string): Branch[] =>
  branches.filter((branch) => rootOf(branch.id) === rootOf(id));

/** The rollout, untouched, and its branches below what they left. */
export function BranchTree({ step: { chosen } }: { step: StepContext }) {
  const { store } = usePage();
  const root = rootOf(chosen.rollout.id);
  const branches = branchesOf(store.branches.value, root);
  const original = chosen.branch ? chosen.siblings.find(({ id }) => id === root) : chosen.rollout;
  return (
    <ul class="tree">
      <li>
        <Choice id={root} chosen={chosen.rollout.id}>
          <b>Original</b> {original && outcomeText(original, null)}
        </Choice>
        <Below parent={root} branches={branches} chosen={chosen.rollout.id} />
      </li>
    </ul>
  );
}

function Below({ parent, branches, chosen }: { parent: string; branches: readonly Branch[]; chosen: string }) {
  const { branches: control } = usePage();
  const here = branches.filter((branch) => branch.parent === parent);
  if (here.length === 0) return null;
  return (
    <ul>
      {here.map((branch) => (
        <li key={branch.id}>
          <div class="headline">
            <Choice id={branch.id} chosen={chosen}>
              <b>{branchName(branch)}</b> {changeText(branch)} → {outcomeText(branch.rollout, branch.answerProbability)}
            </Choice>
            <span class="buttons small">
              <RemoveButton name={branchName(branch)} onRemove={() => void control.remove(branch)} />
            </span>
          </div>
          <Below parent={branch.id} branches={branches} chosen={chosen} />
        </li>
      ))}
    </ul>
  );
}

function Choice({ id, chosen, children }: { id: string; chosen: string; children: preact.ComponentChildren }) {
  const { store } = usePage();
  return (
    <button
      type="button"
      class="branch"
      aria-current={id === chosen ? "true" : undefined}
      onClick={() => {
        store.pinned.value = id;
      }}
    >
      {children}
    </button>
  );
}
