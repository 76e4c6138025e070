import type { Task } from "../../../tasks/task.ts";
import type { TrainEvent } from "../../../train/events.ts";
import { Player } from "../../run/player.ts";
import { holds } from "./lazy_groups.ts";
import { fold, foldAll, type RunState } from "./run_state.ts";
import { tasksByFile } from "./stand_in.ts";
import type { Replay, Store } from "./store.ts";

/** A recorded step shows this long, whatever it took. */
const stepMs = 150;

/** Shows a recorded run in place of the live one, whole or as if it were going on. */
export class ReplayControl {
  readonly #store: Store;
  #events: readonly TrainEvent[] = [];
  /** Of the whole recording, however far it has been played. */
  #steps: RunState["steps"] = [];
  /** Events that have been shown. */
  #at = 0;
  #player: Player | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Shows all of a run. @throws Error where it holds no run */
  open(
    replay: Pick<Replay, "name" | "link" | "about" | "origin" | "unreadKnobs"> &
      Partial<Pick<Replay, "savedStep" | "title" | "imported">>,
    events: readonly TrainEvent[],
  ): void {
    const state = foldAll(events);
    if (!state.head) throw new Error(`The run ${replay.name} holds no events; remove it or choose another`);
    this.close();
    this.#events = events;
    this.#steps = state.steps;
    this.#at = events.length;
    const steps = events.reduce((most, event) => (event.type === "update" ? Math.max(most, event.step) : most), 0);
    const files = state.config?.data ? [...tasksByFile(this.tasks()).keys()] : [];
    const first = events.find((event) => event.type === "run");
    const begun = first?.startedAt.slice(0, 40) ?? "";
    const standIns = { data: null, model: null };
    this.#store.replay.value = { savedStep: null, ...replay, state, steps, begun, playing: false, files, standIns };
    this.#store.tab.value = "train";
  }

  /** All tasks of the run, also those of steps that have not been played yet. */
  *tasks(): Generator<Task> {
    for (const event of this.#events) if (event.type === "tasks") yield* event.tasks;
  }

  /** The step in which a rollout was made, counted as updates are; null where the run has no such rollout. */
  stepOf(rollout: string): number | null {
    for (const event of this.#events) if (event.type === "group" && holds(event.rollouts, rollout)) return event.step;
    return null;
  }

  /** The rollouts of all steps of the recording, however far it has been played. */
  get steps(): RunState["steps"] {
    return this.#steps;
  }

  /** Plays the recording on to a step at once, and stops there; one that has been played so far stays where it is. */
  reach(step: number): void {
    if ((this.#store.replay.value?.state.step ?? 0) >= step) return;
    this.pause();
    this.seek(step);
  }

  /** Takes what was dropped for the run's local files. */
  standIn(paths: Partial<Replay["standIns"]>): void {
    const replay = this.#store.replay.value;
    if (replay) this.#show({ standIns: { ...replay.standIns, ...paths } });
  }

  /** Plays on; from the beginning where the end has been reached. */
  async play(): Promise<void> {
    if (this.#at >= this.#events.length) this.seek(0);
    const player = new Player(
      { nextEvents: async (asked) => (asked === "settled" ? [] : this.#next()) },
      {
        event: () => {},
        state: (state) => this.#show({ playing: state === "playing" }),
        failed: (error) => this.#store.notices.error(error),
      },
    );
    this.#player = player;
    await player.play();
  }

  pause(): void {
    void this.#player?.pause();
    this.#player = null;
    this.#show({ playing: false });
  }

  /** Shows the run as it was after a step. */
  seek(step: number): void {
    const update = this.#events.findLastIndex((event) => event.type === "update" && event.step <= step);
    const head = this.#events.findIndex((event) => event.type === "run");
    const whole = step >= (this.#store.replay.value?.steps ?? 0);
    this.#at = whole ? this.#events.length : Math.max(update, head) + 1;
    this.#show({ state: foldAll(this.#events.slice(0, this.#at)) });
  }

  /** Whether all of the run is shown. */
  get whole(): boolean {
    return this.#at >= this.#events.length;
  }

  close(): void {
    this.pause();
    const store = this.#store;
    store.replay.value = null;
    store.notices.dismissAbout("shown run");
    store.chosenStep.value = null;
    store.pinned.value = null;
    store.cursor.value = null;
    store.wantedFile.value = null;
  }

  /** Everything up to the next update, once its time has come. */
  async #next(): Promise<TrainEvent[] | null> {
    const player = this.#player;
    await new Promise((resolve) => setTimeout(resolve, stepMs));
    const replay = this.#store.replay.value;
    // Paused, closed or at another place meanwhile
    if (!replay || player !== this.#player || this.#at >= this.#events.length) return null;
    let { state } = replay;
    for (;;) {
      const event = this.#events[this.#at++];
      if (!event) break;
      state = fold(state, event, Number.POSITIVE_INFINITY);
      if (event.type === "update") break;
    }
    this.#show({ state });
    const last = this.#events[this.#at - 1];
    return last ? [last] : null;
  }

  #show(changes: Partial<Replay>): void {
    const { replay } = this.#store;
    if (replay.value) replay.value = { ...replay.value, ...changes };
  }
}
