import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { usePage } from "../run/page_context.ts";
import { recordings } from "../run/recordings.ts";
import { FileChooser } from "../widgets/file_chooser.tsx";
import { CachedWeightsCard } from "./cached_weights.tsx";
import { ModelsCard } from "./models_card.tsx";
import { RunsList } from "./runs_list.ts";
import { RunsTable } from "./runs_table.tsx";
import { StorageCard } from "./storage_card.tsx";
import { SweepsCard } from "./sweeps_card.tsx";

interface Props {
  /** Opens the form in which a stored run is judged again. */
  onRejudge(run: string): void;
  /** That form and what came of it; nothing while it is closed. */
  rejudged: ComponentChildren;
  /** The curves of the runs that are checked; nothing where none is. */
  curves: ComponentChildren;
}

/** Runs kept in this browser, and files of runs made elsewhere. Needs no GPU. */
export function RunsView({ onRejudge, rejudged, curves }: Props) {
  const page = usePage();
  const { store, control } = page;
  const list = useMemo(() => new RunsList(page), [page]);
  useEffect(() => void list.read(), [store.player.value, store.live.value.checkpointStep, store.interrupted.value]);
  useEffect(() => void control.listModels(), []);
  const runs = list.runs.value;
  return (
    <section class="stack first runs" aria-label="Runs">
      <div class="card">
        <div class="headline">
          <h2>
            <b>Runs in this browser</b>
          </h2>
          <FileChooser
            label="Open a file…"
            one
            accept=".zip,.jsonl,.ndjson,.gz,.parquet,application/zip,application/x-ndjson"
            onFiles={([first]) => first && void control.openFile(first.file)}
          />
        </div>
        {runs === null ? (
          <p class="soft">reading the list…</p>
        ) : runs.length === 0 ? (
          <p class="soft">
            None yet. A run is kept here as it trains. A run made on the command line opens from its events.jsonl: use
            the button, or drop the file on the page.
          </p>
        ) : (
          <RunsTable list={list} onRejudge={onRejudge} />
        )}
      </div>
      {rejudged}
      {curves}
      <SweepsCard list={list} />
      <div class="card">
        <h2>
          <b>Recorded runs that come with this page</b>
        </h2>
        <ul class="recordings">
          {recordings.map((recording) => (
            <li key={recording.link}>
              <span>
                <b>{recording.title}</b>. <span class="soft">{recording.about}.</span>
              </span>
              <button
                type="button"
                aria-label={`Watch ${recording.title}`}
                disabled={store.busy.value !== null}
                onClick={() => void control.watch(recording)}
              >
                Watch
              </button>
            </li>
          ))}
        </ul>
      </div>
      {store.models.value.length > 0 && <ModelsCard />}
      <CachedWeightsCard />
      <StorageCard list={list} />
    </section>
  );
}
