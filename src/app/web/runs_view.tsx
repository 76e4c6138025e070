import { useEffect, useState } from "preact/hooks";
import type { StoredRun } from "../api.ts";
import { count } from "./numbers.ts";
import { usePage } from "./page_context.ts";
import { presetName } from "./preset_name.ts";

/** Runs kept in this browser, and files of runs made elsewhere. Needs no GPU. */
export function RunsView() {
  const { store, control } = usePage();
  const [runs, setRuns] = useState<readonly StoredRun[] | null>(null);
  const list = (): void => {
    control.api.runs().then(setRuns, (error) => {
      setRuns([]);
      store.notices.error(error);
    });
  };
  useEffect(list, []);
  const remove = async (name: string): Promise<void> => {
    try {
      await control.api.remove(name);
    } catch (error) {
      store.notices.error(error);
    }
    list();
  };
  return (
    <section class="stack first runs" aria-label="Runs">
      <div class="card">
        <div class="headline">
          <h2>
            <b>Runs in this browser</b>
          </h2>
          <FileButton onFile={(file) => void control.openFile(file)} />
        </div>
        {runs === null ? (
          <p class="soft">reading the list…</p>
        ) : runs.length === 0 ? (
          <p class="soft">
            None yet. A run is kept here as it trains. A run made on the command line opens from its events.jsonl: use
            the button, or drop the file on the page.
          </p>
        ) : (
          <table class="grid list">
            <thead>
              <tr>
                <th scope="col">preset</th>
                <th scope="col">seed</th>
                <th scope="col">steps</th>
                <th scope="col">started</th>
                <th scope="col">
                  <span class="hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <RunRow
                  key={run.name}
                  run={run}
                  onOpen={() => void control.openStored(run.name)}
                  onRemove={() => void remove(run.name)}
                />
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  );
}

function RunRow({ run, onOpen, onRemove }: { run: StoredRun; onOpen(): void; onRemove(): void }) {
  const [asking, setAsking] = useState(false);
  const started = new Date(run.startedAt);
  return (
    <tr>
      <th scope="row">
        {presetName(run.preset)}
        <span class="soft small"> {run.name}</span>
      </th>
      <td class="num">{run.seed}</td>
      <td class="num">
        {count(run.step)} of {count(run.steps)}
      </td>
      <td class="num">{Number.isNaN(started.getTime()) ? run.startedAt : started.toLocaleString()}</td>
      <td class="actions">
        {asking ? (
          <>
            <span class="small">Remove for good?</span>
            <button type="button" class="danger" onClick={onRemove}>
              Remove
            </button>
            <button type="button" onClick={() => setAsking(false)}>
              Keep
            </button>
          </>
        ) : (
          <>
            <button type="button" onClick={onOpen}>
              Open
            </button>
            <button type="button" aria-label={`Remove the run ${run.name}`} onClick={() => setAsking(true)}>
              Remove…
            </button>
          </>
        )}
      </td>
    </tr>
  );
}

function FileButton({ onFile }: { onFile(file: File): void }) {
  return (
    <label class="filebutton">
      Open a file…
      <input
        type="file"
        accept=".jsonl,.ndjson,application/x-ndjson"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          // Emptied, so that the same file can be opened again
          event.currentTarget.value = "";
          if (file) onFile(file);
        }}
      />
    </label>
  );
}
