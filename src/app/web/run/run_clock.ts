import type { Store } from "./store.ts";

/** Steps whose durations make the guess of the time left. */
const paceSteps = 5;

/** How long a run has played, and how long its steps take; pauses do not count. */
export class RunClock {
  readonly #store: Store;
  #playingSince: number | null = null;
  #playedMs = 0;
  #stepStartMs = 0;
  #stepDurations: number[] = [];
  #ticker: ReturnType<typeof setInterval> | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  reset(): void {
    this.run(false);
    this.#playedMs = this.#stepStartMs = 0;
    this.#stepDurations = [];
    this.#show();
  }

  /** Runs or stands still from now on. */
  run(runs: boolean): void {
    this.#playedMs = this.#nowMs();
    this.#playingSince = runs ? performance.now() : null;
    if (this.#ticker !== null) clearInterval(this.#ticker);
    this.#ticker = runs ? setInterval(() => this.#show(), 500) : null;
    this.#show();
  }

  /** A step is made. */
  step(): void {
    const now = this.#nowMs();
    this.#stepDurations = [...this.#stepDurations, now - this.#stepStartMs].slice(-paceSteps);
    this.#stepStartMs = now;
    this.#store.stepMs.value = this.#stepDurations.reduce((sum, ms) => sum + ms, 0) / this.#stepDurations.length;
  }

  #nowMs(): number {
    return this.#playedMs + (this.#playingSince === null ? 0 : performance.now() - this.#playingSince);
  }

  #show(): void {
    this.#store.elapsedMs.value = this.#nowMs();
  }
}
