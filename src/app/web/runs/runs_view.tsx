import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { StoredRun } from "../../worker_api/run_api.ts";
import { download, fileName } from "../browser/download.ts";
import { modelName } from "../labels/model_name.ts";
import { count } from "../labels/numbers.ts";
import { presetName } from "../labels/preset_name.ts";
import { usePage } from "../run/page_context.ts";
import { recordings } from "../run/recordings.ts";
import { savedLog } from "../run/saved_log.ts";
import { FileChooser } from "../widgets/file_chooser.tsx";
import { RemoveButton } from "../widgets/remove_button.tsx";
import { CachedWeightsCard } from "./cached_weights.tsx";

interface Props {
  /** Opens the form in which a stored run is judged again. */
  onRejudge(run: string): void;
  /** That form and what came of it; nothing while it is closed. */
  rejudged: ComponentChildren;
}

/** Runs kept in this browser, and files of runs made elsewhere. Needs no GPU. */
export function RunsView({ onRejudge, rejudged }: Props) {
  const { store, control } = usePage();
  const [runs, setRuns] = useState<readonly StoredRun[] | null>(null);
  const list = (): void => {
    control.api.runs().then(setRuns, (error) => {
      setRuns([]);
      store.notices.error(error);
    });
  };
  useEffect(list, [store.player.value, store.live.value.checkpointStep, store.interrupted.value]);
  useEffect(() => void control.listModels(), []);
  const compare = (): void => {
    store.tab.value = "compare";
  };
  const remove = async (name: string): Promise<void> => {
    try {
      await control.api.remove(name);
    } catch (error) {
      store.notices.error(error);
    }
    list();
  };
  const saveLog = async (name: string): Promise<void> => {
    try {
      download(
        `${fileName(name)}.jsonl.gz`,
        await savedLog((await control.api.events(name)).events, await control.api.rollouts.marks(null, name)),
        "application/gzip",
      );
    } catch (error) {
      store.notices.error(error);
    }
  };
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
            accept=".jsonl,.ndjson,.gz,application/x-ndjson"
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
          <table class="grid list">
            <thead>
              <tr>
                <th scope="col">preset</th>
                <th scope="col">seed</th>
                <th scope="col">steps</th>
                <th scope="col" class="wide-only">
                  started
                </th>
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
                  onResume={() => void control.resume(run.name)}
                  onSettings={() => void control.useSettings(run.name)}
                  onOpen={() => void control.openStored(run.name).then((found) => found || list())}
                  onCompare={() => void control.openStored(run.name).then((found) => (found ? compare() : list()))}
                  onRemove={() => void remove(run.name)}
                  onSaveLog={() => void saveLog(run.name)}
                  onRejudge={() => onRejudge(run.name)}
                />
              ))}
            </tbody>
          </table>
        )}
      </div>
      {rejudged}
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
      {store.models.value.length > 0 && <Models />}
      <CachedWeightsCard />
    </section>
  );
}

/** Weights that were trained from scratch here. */
function Models() {
  const { store, control } = usePage();
  return (
    <div class="card">
      <h2>
        <b>Models trained from scratch in this browser</b>
      </h2>
      <table class="grid list">
        <thead>
          <tr>
            <th scope="col">model</th>
            <th scope="col">steps</th>
            <th scope="col" class="wide-only">
              kept
            </th>
            <th scope="col">
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {store.models.value.map((model) => (
            <tr key={model.name}>
              <th scope="row">{modelName(model.name)}</th>
              <td class="num">
                {count(model.step)} of {count(model.steps)}
              </td>
              <td class="num wide-only">{moment(model.madeAt)}</td>
              <td class="actions">
                <RemoveButton
                  name={`the model ${modelName(model.name)}`}
                  onRemove={() => void control.removeModel(model.name)}
                >
                  <button
                    type="button"
                    disabled={store.blocked.value}
                    onClick={() => {
                      store.tab.value = "train";
                      void control.whatIf({ model: model.name });
                    }}
                  >
                    Start GRPO
                  </button>
                </RemoveButton>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RunActions {
  onOpen(): void;
  onCompare(): void;
  onResume(): void;
  onSettings(): void;
  onRemove(): void;
  onSaveLog(): void;
  onRejudge(): void;
}

function RunRow({
  run,
  onOpen,
  onCompare,
  onResume,
  onSettings,
  onRemove,
  onSaveLog,
  onRejudge,
}: { run: StoredRun } & RunActions) {
  const { store } = usePage();
  const { name, step, savedStep, steps, writer } = run;
  const moving = store.player.value === "playing" || store.player.value === "stepping";
  const unfinished = savedStep < steps;
  return (
    <tr>
      <th scope="row">
        {presetName(run.preset)}
        <span class="soft small"> {name}</span>
      </th>
      <td class="num seed">{run.seed}</td>
      <td class="num">
        {count(step)} of {count(steps)}
        <span class="soft small saved">{savedText(run)}</span>
      </td>
      <td class="num wide-only">{moment(run.startedAt)}</td>
      <td class="actions">
        <RemoveButton name={`the run ${name}`} onRemove={onRemove}>
          <button type="button" aria-label={`Open the run ${name}`} onClick={onOpen}>
            Open
          </button>
          <button
            type="button"
            aria-label={`Compare rollouts of the run ${name}`}
            title="Two checkpoints, two settings or a model on a server on one of its tasks"
            onClick={onCompare}
          >
            Compare
          </button>
          {unfinished && (
            <button
              type="button"
              aria-label={`Go on with the run ${name} from step ${savedStep}`}
              title={savedStep === 0 ? "No checkpoint was saved: it begins again, with the same settings" : undefined}
              disabled={store.blocked.value || moving || writer !== null}
              onClick={onResume}
            >
              Go on
            </button>
          )}
          <button
            type="button"
            aria-label={`Use these settings: those of the run ${name}`}
            disabled={store.busy.value !== null || store.warmup.value.running || moving}
            onClick={onSettings}
          >
            Use these settings
          </button>
          <button
            type="button"
            aria-label={`Save its log as a file: of the run ${name}`}
            title="For links to this run in another browser, and for other programs"
            onClick={onSaveLog}
          >
            Save its log
          </button>
          <button type="button" aria-label={`Judge again… the run ${name}`} onClick={onRejudge}>
            Judge again…
          </button>
        </RemoveButton>
      </td>
    </tr>
  );
}

function savedText({ step, savedStep, writer }: StoredRun): string {
  const saved = savedStep === 0 ? (step === 0 ? "" : "not saved") : `saved at step ${count(savedStep)}`;
  const where = { here: "under way", elsewhere: "under way in another tab" };
  return [writer && where[writer], saved].filter(Boolean).join(", ");
}

/** In the visitor's own way of writing times. */
function moment(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? time
    : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
