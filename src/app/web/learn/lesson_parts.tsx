import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { runName } from "../labels/run_name.ts";
import { usePage } from "../run/page_context.ts";
import { type Experiment, isSet, setExperiment, startExperiment } from "./experiments.ts";

/** A card with a title. */
export function Lesson({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <article class="card lesson" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </article>
  );
}

/** What a run will show. */
export const Expect = ({ children }: { children: ComponentChildren }) => (
  <p class="expect">
    <b>What to expect.</b> {children}
  </p>
);

/** Sets the experiment in the controls. */
export function Try({ label, experiment }: { label: string; experiment: Experiment }) {
  const page = usePage();
  return (
    <button
      type="button"
      class="try"
      aria-pressed={isSet(page.store.changes.value, experiment)}
      onClick={() => {
        const problem = setExperiment(page, experiment);
        if (problem !== null) page.store.notices.error(new Error(problem));
      }}
    >
      {label}
    </button>
  );
}

/** Does what it says, elsewhere in the page. */
export function Do({ label, run, disabled = false }: { label: string; run(): Promise<void>; disabled?: boolean }) {
  const { store } = usePage();
  const [busy, setBusy] = useState(false);
  return (
    <button
      type="button"
      class="try"
      disabled={disabled || busy || store.busy.value !== null}
      onClick={() => {
        setBusy(true);
        run()
          .catch((error) => store.notices.error(error))
          .finally(() => setBusy(false));
      }}
    >
      {label}
    </button>
  );
}

/** Begins what was set last, where it is one of these. */
export function Start({ experiments }: { experiments: readonly Experiment[] }) {
  const page = usePage();
  const { store } = page;
  const changes = store.changes.value;
  if (!experiments.some((experiment) => isSet(changes, experiment))) return null;
  return (
    <p class="small soft" role="status">
      Set: {runName(store.config.value)}.{" "}
      <button type="button" class="go" disabled={store.blocked.value} onClick={() => void startExperiment(page)}>
        Start this run
      </button>
    </p>
  );
}
