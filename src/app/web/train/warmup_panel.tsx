import { useId } from "preact/hooks";
import { knobs } from "../../../train/knobs.ts";
import type { StoredModel } from "../../worker_api/run_api.ts";
import { count, figure, roughDuration } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import type { WarmupState } from "../run/warmup_state.ts";
import { Later } from "../widgets/later.tsx";
import type { Line } from "../widgets/plot_lines.ts";
import { PlotTable } from "../widgets/plot_table.tsx";

const choices = [50_000, 200_000, 400_000, 800_000, 1_680_000];

/** The supervised stages from random weights: where the model that GRPO starts from comes from. */
export function WarmupPanel() {
  const { store, control } = usePage();
  const id = useId();
  const warmup = store.warmup.value;
  const { preset, seed, warmupRows } = store.config.value;
  const made = store.models.value.find(
    (model) => model.preset === preset && model.seed === seed && model.rows === warmupRows,
  );
  return (
    <details class="card">
      <summary>Train from scratch</summary>
      <p class="soft small">
        Random weights learn from examples to read close-ups and to call the tool: how the shipped models were made.{" "}
        {count(knobs.warmupRows.default as number)} examples take one to two minutes on an NVIDIA H200; a laptop takes
        longer, a software adapter very much longer. Stop at any time: what is made stays in this browser.
      </p>
      <div class="row">
        <label for={id}>examples</label>
        <select
          id={id}
          value={String(warmupRows)}
          disabled={warmup.running}
          onChange={(event) => control.setKnob("warmupRows", event.currentTarget.value)}
        >
          {[...new Set([...choices, warmupRows])].map((choice) => (
            <option key={choice} value={choice}>
              {count(choice)}
            </option>
          ))}
        </select>
      </div>
      <Buttons made={made} />
      <Course warmup={warmup} />
      {!warmup.running && made && <Made model={made} />}
    </details>
  );
}

function Buttons({ made }: { made: StoredModel | undefined }) {
  const { store, control } = usePage();
  const { running, stopping } = store.warmup.value;
  if (running) {
    return (
      <p>
        <button type="button" disabled={stopping} onClick={() => control.stopWarmup()}>
          {stopping ? "Stopping…" : "Stop and keep"}
        </button>
      </p>
    );
  }
  const blocked = store.blocked.value || store.player.value === "playing" || store.player.value === "stepping";
  return (
    <p class="buttons">
      {made && made.step < made.steps && (
        <button type="button" disabled={blocked} onClick={() => void control.warmUp({ resume: true })}>
          Go on from step {count(made.step)}
        </button>
      )}
      <button type="button" disabled={blocked} onClick={() => void control.warmUp({ resume: false })}>
        {made ? "Start over" : "Start the warm-up"}
      </button>
    </p>
  );
}

/** Loss, pace and what the evaluations said. */
function Course({ warmup: { running, losses, before, last, stepMs, evals, end } }: { warmup: WarmupState }) {
  if (!last || stepMs === null) return running ? <p class="soft small">drawing the first examples…</p> : null;
  const steps = losses.map((_, i) => before + i + 1);
  const lines: Line[] = [{ name: "loss", colour: "--answer", values: losses }];
  const evaluating = running && last.stage === "cold" && last.step === last.steps;
  return (
    <>
      <p class="small num">
        {last.stage === "warm" ? "Warm start" : "Cold start"}, step {count(last.step)} of {count(last.steps)} · loss{" "}
        {figure(last.loss)} · {figure(last.rows / last.step / (stepMs / 1000))} examples/s
        {running && !evaluating && ` · ${roughDuration((last.steps - last.step) * stepMs)} left in this stage`}
      </p>
      <Later
        name="The curve"
        load={loadPlot}
        props={{ label: `warm-up loss over ${count(losses.length)} steps, now ${figure(last.loss)}`, steps, lines }}
      />
      <PlotTable title="warm-up loss" rows={() => ({ steps, lines })} />
      {evaluating && <p class="soft small">evaluating on held-out scenes…</p>}
      {evals.map(({ greedy, tasks, metrics }) => (
        <p key={String(greedy)} class="small num">
          Held out, {count(tasks)} scenes, {greedy ? "greedy" : "sampled"}: accuracy {figure(metrics.accuracy)}, zoom
          rate {figure(metrics.zoom_rate)}
        </p>
      ))}
      {end?.message && <p class="problem small">{end.message}</p>}
    </>
  );
}

function Made({ model: { name, step, steps } }: { model: StoredModel }) {
  const { store, control } = usePage();
  const chosen = store.config.value.model === name;
  return (
    <>
      <p class="small">
        {step < steps
          ? `Stopped after step ${count(step)} of ${count(steps)}; the weights so far are kept.`
          : `Done: all ${count(steps)} steps; the weights are kept in this browser.`}
      </p>
      <p>
        <button
          type="button"
          disabled={store.blocked.value || (chosen && store.player.value === "playing")}
          onClick={() => void control.whatIf({ model: name })}
        >
          Start GRPO from these weights
        </button>
      </p>
    </>
  );
}

/** Most people never see it; it would be a sixth of what the page fetches first. */
const loadPlot = async () => (await import("../widgets/plot.tsx")).Plot;
