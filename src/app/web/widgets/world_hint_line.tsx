import type { RunConfig } from "../../../train/knobs.ts";
import { worldHint } from "../../../train/world_hint.ts";
import { usePage } from "../run/page_context.ts";

/** Settings of worlds that can be run but hardly learned from, in a sentence, and a button that mends them. */
export function WorldHintLine() {
  const { store, control } = usePage();
  const hint = worldHint(store.config.value);
  if (!hint) return null;
  const { sentence, help } = hint;
  const mend = (): void => {
    for (const [knob, value] of Object.entries(help.changes)) {
      const problem = control.setKnob(knob as keyof RunConfig, value);
      if (problem !== null) return void store.notices.error(new Error(problem));
    }
  };
  return (
    <p class="small pending" role="note">
      {sentence}{" "}
      <button type="button" onClick={mend}>
        {help.label}
      </button>
    </p>
  );
}
