import { useRef, useState } from "preact/hooks";
import type { WarmupEvent } from "../../train/events.ts";
import { count, figure, roughDuration } from "./numbers.ts";
import { usePage } from "./page_context.ts";
import { Plot } from "./plot.tsx";

type Row = Extract<WarmupEvent, { type: "warmup" }>;

const defaultRows = 400_000;

/** The supervised stages from random weights: where the model that GRPO starts from comes from. */
export function WarmupPanel() {
  const { store, control } = usePage();
  const [rows, setRows] = useState(defaultRows);
  const [losses, setLosses] = useState<readonly Row[]>([]);
  const [running, setRunning] = useState(false);
  const [outcome, setOutcome] = useState<string | null>(null);
  /** Begun and not over: a pause is gone on from. */
  const [open, setOpen] = useState(false);
  const paused = useRef(false);

  const pull = async (begin: boolean): Promise<void> => {
    paused.current = false;
    setRunning(true);
    setOutcome(null);
    try {
      if (begin) {
        setLosses([]);
        // The worker does one thing at a time
        await control.reset();
        await control.api.startWarmup({ seed: store.config.value.seed, rows });
        setOpen(true);
      }
      while (!paused.current) {
        const event = await control.api.nextWarmup();
        if (event === null || event.type === "end") setOpen(false);
        if (event === null) break;
        if (event.type === "warmup") setLosses((before) => [...before, event]);
        if (event.type === "eval")
          setOutcome(`held-out accuracy ${figure(event.metrics.accuracy)} after step ${count(event.step)}`);
        if (event.type === "end")
          setOutcome(
            event.message ?? `${event.reason} after ${count(event.step)} steps; “Export the model” saves these weights`,
          );
      }
    } catch (error) {
      setOpen(false);
      store.notices.error(error);
    } finally {
      setRunning(false);
    }
  };

  const last = losses.at(-1);
  const recent = losses.slice(-20);
  const recentMs = recent.reduce((sum, row) => sum + row.durationMs, 0);
  const left = last ? ((last.steps - last.step) * recentMs) / recent.length : 0;
  return (
    <details class="card">
      <summary>Train from scratch</summary>
      <p class="soft small">
        Random weights learn from examples to describe scenes, to read close-ups and to call the tool: how the shipped
        model was made. Ends a run that is under way.
      </p>
      <div class="row">
        <label for="warmup-rows">examples</label>
        <select
          id="warmup-rows"
          value={String(rows)}
          disabled={running}
          onChange={(event) => setRows(Number(event.currentTarget.value))}
        >
          {[50_000, 200_000, defaultRows, 800_000, 1_680_000].map((choice) => (
            <option key={choice} value={choice}>
              {count(choice)}
            </option>
          ))}
        </select>
      </div>
      <p>
        <button
          type="button"
          disabled={
            !running &&
            (store.gpuProblem.value !== null || store.busy.value !== null || store.player.value === "playing")
          }
          onClick={() => {
            if (running) paused.current = true;
            else void pull(!open);
          }}
        >
          {running ? "Pause" : open ? "Go on" : "Start the warm-up"}
        </button>
      </p>
      {last && (
        <>
          <p class="small num" role="status">
            {last.stage === "warm" ? "warm start" : "cold start"}, step {count(last.step)} of {count(last.steps)} · loss{" "}
            {figure(last.loss)} ·{" "}
            {count(Math.round((recent.reduce((sum, row) => sum + row.rows, 0) / Math.max(1, recentMs)) * 1000))} rows/s
            {running && ` · ${roughDuration(left)} left`}
          </p>
          <Plot
            label={`warm-up loss, now ${figure(last.loss)}`}
            steps={losses.map((_, i) => i + 1)}
            lines={[{ name: "loss", colour: "--answer", values: losses.map((row) => row.loss) }]}
          />
        </>
      )}
      {outcome && <p class="small">{outcome}</p>}
    </details>
  );
}
