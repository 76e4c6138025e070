import { worldHint } from "../../../train/world_hint.ts";
import { usePage } from "../run/page_context.ts";
import { differences } from "../run/url_state.ts";

/** Settings of worlds that can be run but hardly learned from, in a sentence, and a button that mends them. */
export function WorldHintLine() {
  const { store } = usePage();
  const hint = worldHint(store.config.value);
  if (!hint) return null;
  const { sentence, help } = hint;
  // All at once: one of them alone may contradict what is set. None of them applies to a run under way.
  const mend = (): void => {
    store.changes.value = differences({ ...store.changes.peek(), ...help.changes });
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
