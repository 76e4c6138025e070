import { count, duration, figure, roughDuration } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { phaseLine } from "../run/phase_line.ts";
import type { RunState } from "../run/run_state.ts";
import type { Store } from "../run/store.ts";
import { PauseIcon, PlayIcon } from "../widgets/play_icons.tsx";

/** Start, pause and how far it is, or the same of a recording. It stays where the page is scrolled. */
export function RunBar() {
  const { store } = usePage();
  return (
    <section class="runline" aria-label="Run controls">
      {store.replay.value ? <Recorded /> : <Live />}
    </section>
  );
}

function Live() {
  const { store, control } = usePage();
  const playing = store.player.value === "playing" || store.player.value === "stepping";
  const begun = store.live.value.head !== null && store.player.value !== "over";
  const blocked = store.startBlocked.value;
  // The start page has a large one.
  const isQuiet = store.isFresh.value && store.tab.value === "train";
  return (
    <div class="runbar">
      <button
        type="button"
        class={isQuiet ? "start" : "go start"}
        disabled={blocked && !playing}
        onClick={() => void control.toggle()}
      >
        {playing ? <PauseIcon /> : <PlayIcon />}
        {playing ? "Pause" : begun ? "Go on" : "Start"}
      </button>
      <button type="button" disabled={blocked || playing} title="One GRPO step" onClick={() => void control.step()}>
        Step
      </button>
      <button
        type="button"
        disabled={store.busy.value !== null || store.warmup.value.running || store.live.value.head === null}
        title="Ends this run; Start begins a new one"
        onClick={() => void control.reset()}
      >
        Reset
      </button>
      <Progress playing={playing} />
    </div>
  );
}

function Progress({ playing }: { playing: boolean }) {
  const { store } = usePage();
  const run = store.live.value;
  const config = run.config ?? store.config.value;
  const parts: string[] = [];
  if (run.head !== null && !playing) parts.push(savedLine(run));
  if (store.elapsedMs.value > 0) parts.push(duration(store.elapsedMs.value));
  if (store.stepMs.value !== null && run.step < config.steps && store.player.value !== "over") {
    parts.push(`${roughDuration((config.steps - run.step) * store.stepMs.value)} left`);
  }
  const doing = store.busy.value
    ? `${store.busy.value}…`
    : store.warmup.value.running
      ? "training from scratch"
      : playing
        ? phaseLine(run.phase)
        : run.head === null
          ? store.opened.value
            ? "ready"
            : ""
          : run.end?.reason === "done"
            ? "done"
            : store.player.value === "over"
              ? "stopped"
              : "paused";
  return (
    <span class="progress">
      <span class="soft small num">
        step <b>{count(run.step)}</b> of {count(config.steps)}
        {parts.map((part) => ` · ${part}`)}
      </span>
      <progress max={config.steps} value={run.step} aria-label="Steps of the run" />
      <span class="doing small soft num">
        {(playing || store.busy.value || store.warmup.value.running) && <i class="pulse" aria-hidden="true" />}
        {doing}
      </span>
      <span class="hidden" role="status">
        {screenReaderStatus(store, playing)}
      </span>
    </span>
  );
}

/** What of a run would be there after a reload. */
function savedLine({ step, checkpointStep }: RunState): string {
  if (checkpointStep === null) return "not saved yet";
  return checkpointStep === step ? "saved" : `saved at step ${count(checkpointStep)}`;
}

/** For screen readers: once a step, not once a token. */
function screenReaderStatus(store: Store, playing: boolean): string {
  if (store.busy.value) return store.busy.value;
  if (store.warmup.value.running) return "training from scratch";
  const run = store.live.value;
  const last = run.updates.at(-1);
  const state = playing
    ? "training"
    : run.end
      ? "ended"
      : run.head === null
        ? "ready"
        : store.player.value === "over"
          ? "stopped"
          : "paused";
  return last
    ? `${state}, step ${run.step} done, accuracy ${last.metrics.accuracy === undefined ? "none judged" : figure(last.metrics.accuracy)}`
    : state;
}

function Recorded() {
  const { store, control } = usePage();
  const { name, title = name, state, steps, playing } = store.replay.value!;
  const { replay } = control;
  return (
    <div class="runbar">
      <button type="button" class="go" onClick={() => (playing ? replay.pause() : void replay.play())}>
        {playing ? <PauseIcon /> : <PlayIcon />}
        {playing ? "Pause" : "Play"}
      </button>
      <span class="progress">
        <span class="soft small num">
          recorded step <b>{count(state.step)}</b> of {count(steps)}
          {!playing && state.step === steps && planLine(state)}
        </span>
        <input
          type="range"
          aria-label="Step of the recording"
          aria-valuetext={`step ${state.step} of ${steps}`}
          min={0}
          max={steps}
          value={state.step}
          onInput={(event) => replay.seek(event.currentTarget.valueAsNumber)}
        />
        <span class="shownname small soft" title={title}>
          {title}
        </span>
      </span>
      <button type="button" onClick={() => replay.close()}>
        Close
      </button>
    </div>
  );
}

/** What the run was to make, where its log ends before. */
const planLine = ({ step, config }: RunState): string =>
  config && config.steps > step ? ` · ${count(config.steps)} planned` : "";
