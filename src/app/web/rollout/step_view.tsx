import { useEffect, useMemo } from "preact/hooks";
import { shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import type { Chosen } from "../run/store.ts";
import { RewardTable } from "./reward_table.tsx";
import { useStepKeys } from "./step_keys.ts";
import { Stepper } from "./stepper.tsx";
import { textByIds, unitsOf } from "./token_units.ts";

/** One rollout, token by token, at one cursor. */
export function StepView() {
  const { store, texts } = usePage();
  const chosen = store.chosen.value;
  const rollout = chosen?.rollout;
  const lookup = store.lookup.value;
  const model = lookup?.texts ?? null;
  useEffect(() => {
    if (rollout && !rollout.elsewhere && model !== null)
      void texts.ask(
        rollout.segments.flatMap((segment) => segment.tokens),
        model,
      );
  }, [rollout, model, texts]);
  const known = texts.known.value;
  const failed = texts.problem.value;
  const noTexts = model === null ? (lookup?.noTexts ?? null) : failed?.model === model ? failed.sentence : null;
  const byIds = noTexts !== null && !rollout?.elsewhere;
  const ready =
    byIds ||
    rollout?.elsewhere !== undefined ||
    (rollout?.segments.every((segment) => segment.tokens.every((token) => known.has(token))) ?? false);
  const units = useMemo(
    () => (rollout && ready ? unitsOf(rollout, byIds ? textByIds(rollout) : (token) => known.get(token) ?? "") : []),
    [rollout, ready, byIds, known],
  );
  if (!chosen) {
    return (
      <section class="stack first">
        <div class="card">
          <h2>
            <b>Nothing to step through yet</b>
          </h2>
          <p class="soft">
            {store.wantedFile.value
              ? "The rollout that was looked at is shown once its file is open."
              : "Start a run on the Train tab, or open a recorded one on the Runs tab, and choose a rollout."}
          </p>
        </div>
      </section>
    );
  }
  if (!ready) return <Waiting chosen={chosen} />;
  if (units.length === 0)
    return (
      <section class="stack first">
        <div class="card">
          <h2>
            <b>Rollout {shortened(chosen.rollout.id, 40)} has no tokens</b>
          </h2>
          <RewardTable rollout={chosen.rollout} task={chosen.task} config={store.runConfig.value} />
        </div>
      </section>
    );
  return <Stepper key={chosen.rollout.id} chosen={chosen} units={units} noTexts={byIds ? noTexts : null} />;
}

/** Until the tokens' texts are there. Keys lead on already: who goes through steps need not wait at each. */
function Waiting({ chosen }: { chosen: Chosen }) {
  useStepKeys(chosen, [], 0, () => {});
  return <p class="soft first">reading the tokens…</p>;
}
