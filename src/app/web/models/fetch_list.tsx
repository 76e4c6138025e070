import { useEffect, useState } from "preact/hooks";
import type { FetchedFile } from "../../worker_api/hub_api.ts";
import type { CachedWeights } from "../../worker_api/run_api.ts";
import { shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { RemoveButton } from "../widgets/remove_button.tsx";
import { useModels } from "./model_context.ts";
import { gigabytes } from "./sizes.ts";

/** What is being fetched, file by file, and what of the network is kept in this browser. */
export function FetchList() {
  return (
    <>
      <Progress />
      <Kept />
    </>
  );
}

function Progress() {
  const models = useModels();
  const fetch = models.fetch.value;
  if (!fetch) return null;
  const { model, files, state } = fetch;
  const done = files.reduce((sum, { doneBytes }) => sum + doneBytes, 0);
  const of = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return (
    <section aria-label="Fetching weights">
      <h3>Fetching {shortened(model.replace(/@.*$/, ""), 120)}</h3>
      <p class="small num" role="status">
        {state === "done" ? "All of it is here" : state === "stopped" ? "Stopped; what is here stays" : "Fetching"}
        {of > 0 && `: ${gigabytes(done)} of ${gigabytes(of)}`}
      </p>
      <ul class="fetched">
        {files.map((file) => (
          <li key={file.path}>
            <span class="small mono">{fileName(file.path)}</span>
            <progress max={Math.max(1, file.sizeBytes)} value={file.doneBytes} aria-label={fileName(file.path)} />
            <span class="small num">
              {gigabytes(file.doneBytes)} of {gigabytes(file.sizeBytes)}
              <span class="soft">{stateText(file)}</span>
            </span>
          </li>
        ))}
      </ul>
      <p class="buttons after">
        {state === "fetching" ? (
          <button type="button" onClick={() => void models.stopFetch()}>
            Stop
          </button>
        ) : (
          state === "stopped" && (
            <button type="button" onClick={() => void models.fetchWeights(model)}>
              Go on
            </button>
          )
        )}
      </p>
    </section>
  );
}

const fileName = (path: string): string => shortened(path.replace(/^.*\//, ""), 120);

function stateText({ state }: FetchedFile): string {
  if (state === "checked") return " · checked";
  return state === "whole" ? " · whole" : "";
}

/** Files of weights, by what takes the most. */
function Kept() {
  const { store, control } = usePage();
  const { fetch } = useModels();
  const [kept, setKept] = useState<readonly CachedWeights[]>([]);
  const state = fetch.value?.state;
  const list = (): void => {
    control.api.weights().then(setKept, (error) => store.notices.error(error));
  };
  useEffect(list, [state, store.opened.value]);
  if (kept.length === 0) return null;
  const all = kept.reduce((sum, { keptBytes }) => sum + keptBytes, 0);
  const remove = async (key: string): Promise<void> => {
    await control.api.removeWeights(key).catch((error) => store.notices.error(error));
    list();
  };
  return (
    <section aria-label="Kept in this browser">
      <h3>
        Kept in this browser <span class="soft small num">{gigabytes(all)}</span>
      </h3>
      <ul class="fetched">
        {kept.map(({ key, path, sizeBytes, keptBytes, checked }) => (
          <li key={key}>
            <span class="small mono">
              {shortened(path.replace(/^hf:\/\//, "").replace(/@([0-9a-f]{8})[0-9a-f]{32}/, "@$1"), 200)}
            </span>
            <span class="small num">
              {keptBytes === sizeBytes ? gigabytes(sizeBytes) : `${gigabytes(keptBytes)} of ${gigabytes(sizeBytes)}`}
              <span class="soft">{checked ? " · checked" : ""}</span>
            </span>
            <span class="actions">
              <RemoveButton name={path} onRemove={() => void remove(key)} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
