import { useId, useState } from "preact/hooks";
import type { KnobName } from "../../../train/knobs.ts";
import { window as lastSteps } from "../../run/run_summary.ts";
import { count, duration, figure, shortened } from "../labels/numbers.ts";
import { knobText } from "../labels/run_differences.ts";
import { byteSize } from "../labels/sizes.ts";
import { usePage } from "../run/page_context.ts";
import { RemoveButton } from "../widgets/remove_button.tsx";
import { SaveRunButton } from "../widgets/save_run.tsx";
import { moment } from "./moment.ts";
import type { ListedRun } from "./run_columns.ts";
import type { RunsList } from "./runs_list.ts";

interface Props {
  run: ListedRun;
  list: RunsList;
  onRejudge(run: string): void;
}

/** All that is known of a run without its log, and what can be done with it. */
export function RunDetails({ run, list, onRejudge }: Props) {
  const { store, control } = usePage();
  const { name, label, settings, summary, result } = run;
  const moving = store.player.value === "playing" || store.player.value === "stepping";
  const changed = Object.keys(settings ?? {}).filter((key) => key !== "preset") as KnobName[];
  const ended = summary?.end ?? null;
  return (
    <div class="rundetails">
      <RenameField run={run} list={list} />
      <dl class="facts small">
        {result && (
          <Fact of="reached">
            accuracy {figure(result.accuracy)}{" "}
            {result.isHeldOut ? "on held-out tasks, sampled" : `(mean of the last ${lastSteps} training steps)`}
            {result.best && `, best ${figure(result.best.accuracy)} after step ${count(result.best.step)}`}; zoom rate{" "}
            {figure(result.zoomRate)}, reward {figure(result.reward)}
          </Fact>
        )}
        <Fact of="settings">
          {settings === null
            ? "damaged"
            : [`preset ${settings.preset}`, ...changed.map((key) => shortened(knobText(settings, key), 120))].join(
                " · ",
              )}
        </Fact>
        <Fact of="device">{summary?.device ? shortened(summary.device, 120) : "not known"}</Fact>
        <Fact of="started">
          {moment(run.startedAt)}
          {summary && summary.trainedMs > 0 && `; ${duration(summary.trainedMs)} of training`}
          {ended === "failed" && "; it ended with an error, which stands in its log"}
        </Fact>
        <Fact of="storage">{byteSize(run.sizeBytes)}</Fact>
        {label !== name && <Fact of="in links">{name}</Fact>}
      </dl>
      <p class="rowbuttons">
        <RemoveButton name={`the run ${label}`} onRemove={() => void list.remove([name])}>
          <button
            type="button"
            aria-label={`Use these settings: those of the run ${label}`}
            title="For the next run; Start begins it"
            disabled={store.busy.value !== null || store.warmup.value.running || moving}
            onClick={() => void control.useSettings(name)}
          >
            Use these settings
          </button>
          <button
            type="button"
            aria-label={`Compare rollouts of the run ${label}`}
            title="Two checkpoints, two settings or a model on a server on one of its tasks"
            onClick={() => void list.compare(name)}
          >
            Compare rollouts
          </button>
          <SaveRunButton run={name} />
          <button
            type="button"
            aria-label={`Save its log as a file: of the run ${label}`}
            title="For links to this run in another browser, and for other programs"
            onClick={() => void list.saveLog(name)}
          >
            Save its log
          </button>
          <button type="button" aria-label={`Judge again… the run ${label}`} onClick={() => onRejudge(name)}>
            Judge again…
          </button>
        </RemoveButton>
      </p>
    </div>
  );
}

function Fact({ of, children }: { of: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{of}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The name by which lists and legends call it. */
function RenameField({ run, list }: { run: ListedRun; list: RunsList }) {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const value = typed ?? run.label;
  return (
    <form
      class="rename"
      onSubmit={(event) => {
        event.preventDefault();
        void list.rename(run.name, value).then(() => setTyped(null));
      }}
    >
      <label for={id} class="small">
        Name
      </label>
      <input
        id={id}
        type="text"
        maxLength={200}
        spellcheck={false}
        autocomplete="off"
        value={value}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <button type="submit" disabled={value.trim() === run.label}>
        Rename
      </button>
      {run.title !== undefined && (
        <button
          type="button"
          class="link small"
          onClick={() => void list.rename(run.name, "").then(() => setTyped(null))}
        >
          Take the first name back
        </button>
      )}
    </form>
  );
}
