import { usePage } from "../run/page_context.ts";
import { recordings } from "../run/recordings.ts";

/** Recorded runs that come with the page: they show what training looks like where none can run, or before one does. */
export function WatchButtons() {
  const { store, control } = usePage();
  return recordings.map((recording) => (
    <button
      key={recording.link}
      type="button"
      disabled={store.busy.value !== null}
      onClick={() => void control.watch(recording)}
    >
      {recordings.length === 1 ? "Watch a recorded run" : `Watch a recorded run: ${recording.title}`}
    </button>
  ));
}
