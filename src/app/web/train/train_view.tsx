import type { ComponentChildren } from "preact";
import { shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { CausalCard } from "./causal_card.tsx";
import { Controls } from "./controls.tsx";
import { Groups } from "./groups.tsx";
import { HealthCard } from "./health_card.tsx";
import { Profile } from "./profile.tsx";

interface Props {
  /** Who decides on answers: a card among the settings. */
  judge: ComponentChildren;
  /** Charts of the run. */
  curves: ComponentChildren;
  /** The chosen rollout. */
  rollout: ComponentChildren;
  /** What stands in the place of a run before there is one. */
  welcome: ComponentChildren;
}

/** Settings, curves and groups, the chosen rollout; before there is a run: what this page is. */
export function TrainView({ judge, curves, rollout, welcome }: Props) {
  const isFresh = usePage().store.isFresh.value;
  return (
    <>
      <section class="stack settings" aria-label="Settings">
        <Controls judge={judge} />
      </section>
      <section class={isFresh ? "stack first fresh" : "stack first"} aria-label="Run">
        {isFresh ? (
          welcome
        ) : (
          <>
            <Alarm />
            <HealthCard />
            {curves}
            <Groups />
          </>
        )}
        <CausalCard />
        <Profile />
      </section>
      {!isFresh && (
        <aside class="stack" aria-label="Chosen rollout">
          {rollout}
        </aside>
      )}
    </>
  );
}

/** The newest thing that a person should know about the run. */
function Alarm() {
  const { store } = usePage();
  const alarm = store.alarms.value.at(-1);
  if (!alarm) return null;
  return (
    <p class="alarm" role="status">
      <b>Step {alarm.step}</b> {shortened(alarm.message)}
    </p>
  );
}
