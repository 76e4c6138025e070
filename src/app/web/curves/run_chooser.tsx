import { useEffect, useState } from "preact/hooks";
import type { StoredRun } from "../../worker_api/run_api.ts";
import { counted } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { useCurves } from "./curves_context.ts";

/** Stored runs that can be drawn beside the shown one. */
export function RunChooser() {
  const { store, control } = usePage();
  const curves = useCurves();
  const [runs, setRuns] = useState<readonly StoredRun[] | null>(null);
  const [words, setWords] = useState("");
  useEffect(() => {
    control.api.runs().then(setRuns, (error) => {
      setRuns([]);
      store.notices.error(error);
    });
  }, [store.player.value, store.live.value.checkpointStep]);
  const replay = store.replay.value;
  const shown = replay ? (replay.origin === "stored" ? replay.name : null) : store.storedAs.value;
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const others = (runs ?? []).filter(({ name, step }) => name !== shown && step > 0);
  const found = others.filter(({ name }) => wanted.every((word) => name.toLowerCase().includes(word)));
  if (runs === null) return <p class="soft small">reading the list…</p>;
  if (others.length === 0)
    return (
      <p class="card soft small">
        There is no other run in this browser yet. Runs are stored as they train; each can then be drawn beside another.
      </p>
    );
  return (
    <fieldset class="card chooser">
      <legend>Runs drawn beside {shown === null && !replay ? "one another" : "the shown one"}</legend>
      {others.length > mostWithoutSearch && (
        <input
          type="search"
          aria-label="Find runs by words of their names"
          placeholder="words of a name"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
      )}
      <ul class="listed">
        {found.slice(0, mostListed).map(({ name, step }) => (
          <li key={name}>
            <label>
              <input
                type="checkbox"
                checked={store.overlaid.value.includes(name)}
                onChange={(event) => curves.overlay(name, event.currentTarget.checked)}
              />{" "}
              {name} <span class="soft num">{counted(step, "step")}</span>
            </label>
          </li>
        ))}
      </ul>
      {found.length > mostListed && (
        <p class="soft small">{counted(found.length - mostListed, "more run")}; name more words to find them</p>
      )}
      {found.length === 0 && <p class="soft small">No run has these words in its name.</p>}
    </fieldset>
  );
}

const mostWithoutSearch = 12;
const mostListed = 200;
