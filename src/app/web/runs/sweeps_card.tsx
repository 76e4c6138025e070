import { useEffect, useState } from "preact/hooks";
import { type Sweep, sweepTitle } from "../../sweep/sweep_plan.ts";
import { measuredBy, type Spread, type SweepRun, spreadText, sweepCsv, sweepRows } from "../../sweep/sweep_table.ts";
import type { StoredSweep } from "../../worker_api/records_api.ts";
import { download } from "../browser/download.ts";
import { count, counted } from "../labels/numbers.ts";
import { presetName } from "../labels/preset_name.ts";
import { usePage } from "../run/page_context.ts";
import { moment } from "./moment.ts";
import type { RunsList } from "./runs_list.ts";
import { type SweepControl, standings, sweepsOf } from "./sweep_control.ts";
import { SweepForm } from "./sweep_form.tsx";

/** Several settings and seeds at once, and what came of them. */
export function SweepsCard({ list }: { list: RunsList }) {
  const page = usePage();
  const sweeps = sweepsOf(page);
  const [asking, setAsking] = useState(false);
  useEffect(() => void sweeps.read(), []);
  useEffect(() => void list.read(), [sweeps.changed.value]);
  const underWay = sweeps.underWay.value;
  const start = (sweep: Sweep, beside: number): void => {
    setAsking(false);
    void sweeps.start(sweep, beside);
  };
  return (
    <div class="card">
      <div class="headline">
        <h2>
          <b>Sweeps</b> several seeds and values of a knob, compared in a table
        </h2>
        {!asking && (
          <button type="button" disabled={underWay !== null} onClick={() => setAsking(true)}>
            New sweep…
          </button>
        )}
      </div>
      {asking && <SweepForm onStart={start} onCancel={() => setAsking(false)} />}
      {sweeps.kept.value.map((stored) => (
        <OneSweep key={stored.id} stored={stored} list={list} sweeps={sweeps} />
      ))}
      {sweeps.kept.value.length === 0 && !asking && (
        <p class="soft">
          None yet. One run says little: seeds alone differ. A sweep makes several and shows their spread.
        </p>
      )}
    </div>
  );
}

function OneSweep({ stored, list, sweeps }: { stored: StoredSweep; list: RunsList; sweeps: SweepControl }) {
  const { store } = usePage();
  const underWay = sweeps.underWay.value;
  const mine = underWay?.id === stored.id ? underWay : null;
  const runs = standings(stored, list.runs.value ?? [], underWay);
  const rows = sweepRows(stored.sweep, runs);
  const done = runs.filter(({ state }) => state === "done").length;
  const names = runs.flatMap(({ name, state }) => (name !== null && state !== "removed" ? [name] : []));
  const allDrawn = names.length > 0 && names.every((name) => store.overlaid.value.includes(name));
  const title = sweepTitle(stored.sweep);
  const { preset = "needle" } = stored.sweep.changes;
  const missing = runs.some(({ state }) => state === "waiting" || state === "stopped" || state === "failed");
  const [beside, setBeside] = useState(1);
  return (
    <section class="sweep" aria-label={`Sweep of ${title}`}>
      <h3>
        {title}{" "}
        <span>
          {presetName(preset)}, {moment(stored.startedAt)}
        </span>
      </h3>
      <p class="small" role="status">
        {done} of {counted(runs.length, "run")} done
        {mine && (mine.stopping ? "; stopping after the event under way…" : `; ${progress(runs)}`)}
      </p>
      {mine && <progress max={total(runs)} value={made(runs)} aria-label={`Steps of the sweep of ${title}`} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section class="tablescroll" tabIndex={0} aria-label={`What the sweep of ${title} reached`}>
        <table class="grid num sweeptable">
          <thead>
            <tr>
              <th scope="col">setting</th>
              <th scope="col">runs</th>
              <th scope="col">accuracy</th>
              <th scope="col">best</th>
              <th scope="col">zoom rate</th>
              <th scope="col">calls</th>
              <th scope="col">reward</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.setting}>
                <th scope="row">{row.setting || "these settings"}</th>
                <td>
                  {row.done === row.runs.length ? count(row.done) : `${count(row.done)} of ${count(row.runs.length)}`}
                </td>
                <SpreadCell of={row.accuracy} />
                <SpreadCell of={row.best} />
                <SpreadCell of={row.zoomRate} />
                <SpreadCell of={row.calls} />
                <SpreadCell of={row.reward} />
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p class="soft small">
        Mean ± standard deviation between seeds, of finished runs;{" "}
        {measuredBy(runs).replace("--eval-every", "the knob evalEvery")}.
      </p>
      {runs.map(
        (run, i) =>
          run.problem !== undefined && (
            <p key={i} class="problem small">
              Run {i + 1}: {run.problem}
            </p>
          ),
      )}
      <p class="rowbuttons">
        {mine ? (
          <button type="button" disabled={mine.stopping} onClick={() => sweeps.stop()}>
            Stop the sweep
          </button>
        ) : (
          missing && (
            <>
              <button
                type="button"
                disabled={underWay !== null || store.gpuProblem.value !== null}
                onClick={() => void sweeps.goOn(stored, beside)}
              >
                Go on with the sweep
              </button>
              <select
                aria-label="Runs at once"
                value={String(beside)}
                onChange={(event) => setBeside(Number(event.currentTarget.value))}
              >
                <option value="1">one after the other</option>
                <option value="2">2 at once</option>
                <option value="4">4 at once</option>
              </select>
            </>
          )
        )}
        <button
          type="button"
          disabled={names.length === 0}
          aria-pressed={allDrawn}
          onClick={() => list.draw(names, !allDrawn)}
        >
          Draw its curves
        </button>
        <button
          type="button"
          disabled={names.length === 0}
          onClick={() => download("sweep.csv", sweepCsv(stored.sweep, runs), "text/csv")}
        >
          Save as CSV
        </button>
        {!mine && (
          <button type="button" title="Its runs stay" onClick={() => void sweeps.forget(stored.id)}>
            Forget the sweep
          </button>
        )}
      </p>
    </section>
  );
}

function SpreadCell({ of }: { of: Spread | null }) {
  const range =
    of && of.count > 1 ? `from ${of.least.toFixed(3)} to ${of.most.toFixed(3)}, ${of.count} runs` : undefined;
  return <td title={range}>{spreadText(of)}</td>;
}

const total = (runs: readonly SweepRun[]): number => runs.reduce((sum, { steps }) => sum + steps, 0);
const made = (runs: readonly SweepRun[]): number => runs.reduce((sum, { step }) => sum + step, 0);

function progress(runs: readonly SweepRun[]): string {
  const running = runs.filter(({ state }) => state === "running");
  return running.length === 0
    ? "opening a worker and its model…"
    : running.map(({ step, steps }) => `step ${count(step)} of ${count(steps)}`).join(", ");
}
