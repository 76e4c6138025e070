import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { runName } from "../labels/run_name.ts";
import { usePage } from "../run/page_context.ts";
import { InNextTask } from "../widgets/in_next_task.tsx";
import { narrow } from "../widgets/narrow.ts";
import { Part } from "../widgets/part.tsx";
import { CausalCard } from "./causal_card.tsx";
import { Controls } from "./controls.tsx";
import { Profile } from "./profile.tsx";

interface Props {
  /** Who decides on answers: a card among the settings. */
  judge: ComponentChildren;
  /** Which model is trained: a line among the settings. */
  model: ComponentChildren;
  /** Curves and groups. */
  run: ComponentChildren;
  /** The chosen rollout. */
  rollout: ComponentChildren;
  /** What happens while nobody looks: a card among the settings. */
  away: ComponentChildren;
  /** What stands in the place of a run before there is one. */
  welcome: ComponentChildren;
}

/** Settings, curves and groups, the chosen rollout; before there is a run: what this page is. */
export function TrainView({ judge, model, run, rollout, away, welcome }: Props) {
  const isFresh = usePage().store.isFresh.value;
  return (
    <>
      <section class="stack settings" aria-label="Settings" data-part="settings">
        {narrow.value ? (
          <FoldedSettings>
            <Controls judge={judge} model={model} away={away} />
          </FoldedSettings>
        ) : (
          <Controls judge={judge} model={model} away={away} />
        )}
      </section>
      <section class={isFresh ? "stack first fresh" : "stack first"} aria-label="Run">
        {/* Keys: what is open stays so when the first run takes the place of the start page. */}
        {isFresh ? (
          welcome
        ) : (
          <Part key="run" name="run">
            {run}
          </Part>
        )}
        <Part key="worth" name="worth">
          <CausalCard />
        </Part>
        <Part key="timeline" name="timeline">
          <Profile />
        </Part>
      </section>
      {!isFresh && (
        <aside class="stack" aria-label="Chosen rollout" data-part="rollout">
          <InNextTask>{rollout}</InNextTask>
        </aside>
      )}
    </>
  );
}

/** On a telephone the settings would be a screen and a half before anything else: their line opens them. */
function FoldedSettings({ children }: { children: ComponentChildren }) {
  const { store } = usePage();
  const [open, setOpen] = useState(false);
  return (
    <details class="card folded-settings" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b>Settings</b> {runName(store.config.value)}
      </summary>
      {open && <div class="stack">{children}</div>}
    </details>
  );
}
