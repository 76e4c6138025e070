import type { TrainEvent } from "../../train/events.ts";
import type { RunApi } from "../worker_api/run_api.ts";

/** "over": the run has ended and nothing more will come; a new run needs a new player. */
export type PlayerState = "paused" | "playing" | "stepping" | "over";

/** What a player reports while it pulls. */
export interface PlayerListener {
  event(event: TrainEvent): void;
  state(state: PlayerState): void;
  /** The run threw; the player has paused, and play() tries again. */
  failed(error: Error): void;
}

/**
 * Play, pause and single step over a run. The run moves only while events are asked for: to pause is to ask for what is
 * under way, and no more.
 */
export class Player {
  readonly #source: Pick<RunApi, "nextEvents">;
  readonly #listener: PlayerListener;
  #state: PlayerState = "paused";
  /** The loop under way. There is never more than one: each event would come to one of two. */
  #pulling: Promise<void> | null = null;

  constructor(source: Pick<RunApi, "nextEvents">, listener: PlayerListener) {
    this.#source = source;
    this.#listener = listener;
  }

  get state(): PlayerState {
    return this.#state;
  }

  /** Pulls until paused, or the run is over. Resolves then. */
  play(): Promise<void> {
    return this.#go("playing");
  }

  /** Pulls up to and including the next "update" event: one GRPO step. */
  step(): Promise<void> {
    return this.#go("stepping");
  }

  /** Stops pulling; resolves once what is under way has arrived and been reported. */
  async pause(): Promise<void> {
    if (this.#state !== "over") this.#become("paused");
    await this.#pulling;
  }

  async #go(state: "playing" | "stepping"): Promise<void> {
    if (this.#state === "over") return;
    this.#become(state);
    this.#pulling ??= this.#pull().finally(() => {
      this.#pulling = null;
    });
    await this.#pulling;
  }

  async #pull(): Promise<void> {
    try {
      while (this.#runs()) {
        const isStep = this.#state === "stepping";
        this.#report(await this.#source.nextEvents(isStep ? "update" : "frame"));
        // What was on its way when it paused.
        if (!this.#runs() && this.#state !== "over") this.#report(await this.#source.nextEvents("settled"));
      }
    } catch (error) {
      this.#become("paused");
      this.#listener.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #runs(): boolean {
    return this.#state === "playing" || this.#state === "stepping";
  }

  #report(events: readonly TrainEvent[] | null): void {
    for (const event of events ?? []) {
      if (this.#state === "over") break;
      this.#listener.event(event);
      if (event.type === "end") this.#become("over");
      if (event.type === "update" && this.#state === "stepping") this.#become("paused");
    }
    if (events === null) this.#become("over");
  }

  #become(state: PlayerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#listener.state(state);
  }
}
