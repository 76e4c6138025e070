import { useSignal } from "@preact/signals";
import { useMemo, useState } from "preact/hooks";
import type { Rollout } from "../../../agent/rollout.ts";
import { tokenAdvantages } from "../../../train/call_credit.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { rootOf } from "../../worker_api/branch_api.ts";
import { usePage } from "../run/page_context.ts";
import type { Chosen } from "../run/store.ts";
import { useModelInputs, usePictures } from "../run/use_pictures.ts";
import { CompareButton } from "./compare_button.tsx";
import { CursorBar } from "./cursor_bar.tsx";
import { KeyList } from "./key_list.tsx";
import { LinkButton } from "./link_button.tsx";
import { Panels } from "./panels.tsx";
import { PicturesSide } from "./pictures_side.tsx";
import { SaveButton } from "./save_button.tsx";
import type { Over, StepContext } from "./step_context.ts";
import { useStepKeys } from "./step_keys.ts";
import { stepLoss } from "./step_loss.ts";
import { cursorAt, start, type Unit } from "./token_units.ts";
import { Transcript } from "./transcript.tsx";
import { useMeasures } from "./use_measures.ts";

interface Props {
  chosen: Chosen;
  /** At least one. */
  units: readonly Unit[];
  /** Why tokens stand by their ids; null where they do not. */
  noTexts: string | null;
}

/** A rollout at one place of the cursor: pictures, transcript, and the panels (panels.tsx says how to add one). */
export function Stepper({ chosen, units, noTexts }: Props) {
  const { store } = usePage();
  const { rollout, task } = chosen;
  // In the store, so that the page's address can hold it.
  const at = store.cursor.value;
  const cursor = at?.rollout === rollout.id ? cursorAt(units, at.tokens) : start(units);
  const [keysShown, setKeysShown] = useState(false);
  const move = useStepKeys(chosen, units, cursor, () => setKeysShown(true));
  const { pixels: pictures, problem } = usePictures(task);
  const { inputs, problem: unseen } = useModelInputs(rollout, pictures);
  const over = useSignal<Over | null>(null);
  const config = store.runConfig.value;
  const measures = useMeasures(chosen, config);
  const steps = store.steps.value;
  const loss = useMemo(() => stepLoss(steps, chosen, config, measures.found), [steps, chosen, config, measures.found]);
  const advantages = useMemo(() => advantagesOf(rollout, config), [rollout, config]);
  const step: StepContext = {
    chosen,
    branches: store.branches.value.filter(({ id }) => rootOf(id) === rootOf(rollout.id)).length,
    config,
    units,
    cursor,
    unit: units[cursor]!,
    sampledBefore: units.slice(0, cursor).reduce((n, unit) => n + (unit.source === "model" ? unit.tokens : 0), 0),
    pictures,
    inputs,
    measures,
    advantages,
    loss,
    move,
    over,
  };
  return (
    <>
      <PicturesSide step={step} problem={problem} unseen={unseen} />
      <section class="stack first" aria-label="Transcript">
        <CursorBar units={units} cursor={cursor} move={move} onHelp={() => setKeysShown(true)}>
          <LinkButton token={step.unit.first + step.unit.tokens} />
        </CursorBar>
        {keysShown && <KeyList onClose={() => setKeysShown(false)} />}
        {noTexts !== null && <p class="soft small">Tokens are shown by their ids. {noTexts}.</p>}
        <Transcript
          buttons={
            <>
              <LinkButton token={null} />
              <SaveButton step={step} />
              <CompareButton />
            </>
          }
          rollout={rollout}
          units={units}
          cursor={cursor}
          inputs={inputs}
          known={{ advantages, found: measures.found, loss }}
          named={at?.rollout === rollout.id}
          move={move}
        />
        <Panels step={step} wide />
      </section>
      <aside class="stack beside" aria-label="Token and reward">
        <Panels step={step} wide={false} />
      </aside>
    </>
  );
}

/** The advantage of each token that the model wrote, as the run's settings make it; null where the rollout has none. */
const advantagesOf = (rollout: Rollout, config: RunConfig | null): number[] | null =>
  rollout.advantage === null ? null : tokenAdvantages(rollout, config ?? { callCredit: 0, callRouting: "whole" });
