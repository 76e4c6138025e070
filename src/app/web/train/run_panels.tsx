import type { ComponentChildren } from "preact";
import { shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { InNextTask } from "../widgets/in_next_task.tsx";
import { Groups } from "./groups.tsx";
import { HealthCard } from "./health_card.tsx";

/** A run: what to know about it, its curves, its groups. */
export function RunPanels({ curves }: { curves: ComponentChildren }) {
  return (
    <>
      <Alarm />
      <HealthCard />
      {curves}
      <InNextTask>
        <Groups />
      </InNextTask>
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
