import { shortened } from "../labels/numbers.ts";
import { RolloutView } from "../rollout/rollout_view.tsx";
import { usePage } from "../run/page_context.ts";
import { Controls } from "./controls.tsx";
import { Curves } from "./curves.tsx";
import { Groups } from "./groups.tsx";
import { Profile } from "./profile.tsx";

/** Settings, curves and groups, the chosen rollout. */
export function TrainView() {
  return (
    <>
      <section class="stack settings" aria-label="Settings">
        <Controls />
      </section>
      <section class="stack first" aria-label="Run">
        <Alarm />
        <Curves />
        <Groups />
        <Profile />
      </section>
      <aside class="stack" aria-label="Chosen rollout">
        <RolloutView />
      </aside>
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
