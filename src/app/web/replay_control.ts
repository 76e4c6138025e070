import type { TrainEvent } from "../../train/events.ts";
import { Player } from "../player.ts";
import { emptyRun, fold, type RunState } from "./run_state.ts";
import type { Replay, Store } from "./store.ts";

/** A recorded step shows this long, whatever it took. */
const stepMs = 150;

/** Shows a recorded run in place of the live one, whole or as if it were going on. */
export class ReplayControl {
  readonly #store: Store;
  #events: readonly TrainEvent[] = [];
  /** Events that have been shown. */
  #at = 0;
  #player: Player | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Shows all of a run. @throws Error where it holds no run */
  open(replay: Omit<Replay, "state" | "steps" | "playing">, events: readonly TrainEvent[]): void {
    const state = foldAll(events);
    if (!state.head) throw new Error(`The run ${replay.name} holds no events; remove it or choose another`);
    this.close();
    this.#events = events;
    this.#at = events.length;
    this.#store.replay.value = { ...replay, state, steps: state.step, playing: false };
    this.#store.tab.value = "train";
  }

  /** Plays on; from the beginning where the end has been reached. */
  async play(): Promise<void> {
    if (this.#at >= this.#events.length) this.seek(0);
    const player = new Player(
      { next: () => this.#next() },
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

  close(): void {
    this.pause();
    const store = this.#store;
    store.replay.value = null;
    store.chosenStep.value = null;
    store.pinned.value = null;
  }

  /** Everything up to the next update, once its time has come. */
  async #next(): Promise<TrainEvent | null> {
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
    return this.#events[this.#at - 1] ?? null;
  }

  #show(changes: Partial<Replay>): void {
    const { replay } = this.#store;
    if (replay.value) replay.value = { ...replay.value, ...changes };
  }
}

/** A whole log at once; nothing is dropped from memory, the events are there anyway. */
export function foldAll(events: readonly TrainEvent[]): RunState {
  return events.reduce((state, event) => fold(state, event, Number.POSITIVE_INFINITY), emptyRun);
}
