/** What a page asks for: what happened until its next frame, all up to the end of a step, or what is under way and no more. */
export type Asked = "frame" | "update" | "settled";

/** One message a frame at 60 frames a second. */
const frameMs = 1000 / 60;

/** So long events are made without being asked for: a page that draws a frame must not hold up the GPU. */
const aheadMs = 100;

/** Tests give their own. */
export interface BatchClock {
  now(): number;
  later(work: () => void, ms: number): void;
}

const usualClock: BatchClock = { now: () => performance.now(), later: (work, ms) => void setTimeout(work, ms) };

/**
 * Events in batches, at most one a frame. The source goes on while a batch is on its way and looked at, for a moment;
 * where nothing is asked for then, it rests after the event under way.
 */
export class EventBatches<T extends { type: string }> {
  readonly #next: () => Promise<T | null>;
  readonly #clock: BatchClock;
  #made: T[] = [];
  #asked: Asked = "settled";
  #askedMs = Number.NEGATIVE_INFINITY;
  #sentMs = Number.NEGATIVE_INFINITY;
  #pump: Promise<void> | null = null;
  #over = false;
  #failure: { error: unknown } | null = null;
  /** Called when there is something new. */
  #wake: () => void = () => {};

  /** @param next  the next event, null once there is none */
  constructor(next: () => Promise<T | null>, clock = usualClock) {
    this.#next = next;
    this.#clock = clock;
  }

  /** What was made since the last call, at least one event unless it was to settle; null once all is over. @throws what the source throws, behind its last event */
  async next(asked: Asked): Promise<T[] | null> {
    this.#asked = asked;
    this.#askedMs = this.#clock.now();
    this.#work();
    if (asked === "settled") await this.#pump;
    else {
      while (this.#made.length === 0 && !this.#over && !this.#failure) await this.#woken();
      await this.#frame();
    }
    const batch = this.#taken();
    if (batch.length > 0) {
      this.#sentMs = this.#askedMs = this.#clock.now();
      this.#work();
      return batch;
    }
    const failure = this.#failure;
    // Thrown once: what comes then is asked of the source again.
    this.#failure = null;
    if (failure) throw failure.error;
    return this.#over ? null : [];
  }

  /** Waits for the frame after that of the last batch; not where nothing will come. */
  async #frame(): Promise<void> {
    for (;;) {
      const restMs = this.#sentMs + frameMs - this.#clock.now();
      if (restMs <= 0 || this.#over || this.#failure || this.#isStepMade()) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#clock.later(resolve, restMs);
      });
    }
  }

  /** The events to send: those behind the end of a step stay where a step was asked for. */
  #taken(): T[] {
    const end = this.#asked === "update" ? this.#made.findIndex(({ type }) => type === "update") + 1 : 0;
    return this.#made.splice(0, end || this.#made.length);
  }

  #isStepMade(): boolean {
    return this.#asked === "update" && this.#made.some(({ type }) => type === "update");
  }

  #isWanted(): boolean {
    if (this.#over || this.#failure || this.#asked === "settled" || this.#isStepMade()) return false;
    return this.#made.length === 0 || this.#clock.now() - this.#askedMs < aheadMs;
  }

  #work(): void {
    this.#pump ??= this.#make().finally(() => {
      this.#pump = null;
    });
  }

  async #make(): Promise<void> {
    try {
      while (this.#isWanted()) {
        const event = await this.#next();
        if (event === null) this.#over = true;
        else this.#made.push(event);
        this.#wake();
      }
    } catch (error) {
      this.#failure = { error };
      this.#wake();
    }
  }

  #woken(): Promise<void> {
    // What was asked for last may differ from what the pump stopped at.
    this.#work();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
