import type { RunStore } from "../../platform.ts";
import type { Fingerprint } from "../../tasks/fingerprint.ts";
import { elapsing, onHost } from "../../timeline.ts";
import type { ChangeAtStep, TrainEvent } from "../../train/events.ts";
import type { MadeBefore } from "../../train/run_parts.ts";
import type { Session } from "../session/session.ts";
import { isLogged } from "./run_log.ts";

/** How a run is kept. */
export interface RecordOptions {
  /** Steps between checkpoints; follows the knob when it is changed. */
  saveEvery: number;
  resumedAt: number;
  /** Also after the first step that ends this many milliseconds after the last checkpoint: a page may be closed at any time. */
  mostUnsavedMs?: number;
  /**
   * Whether checkpoints that are due by their step may wait where saving would take much of the run's time: a small model makes the ten
   * steps between two of them in a third of a second. Those of every single step do not.
   */
  sparing?: boolean;
  /** Once it says true, the run is saved and ended at the next event. */
  stopping: () => boolean;
  /** Ends the wait for a judge once the run is stopped. */
  signal?: AbortSignal;
  /** As `reopenRun` gives them: changes that come at later steps, what was made before, sentences for people. */
  upcoming?: readonly ChangeAtStep[];
  made?: MadeBefore;
  notices?: readonly string[];
  /** For the head of the log. */
  sources?: readonly Fingerprint[];
  /**
   * Whether the run goes on though this error kept something from being written. It is then reported as an alarm, what was
   * not written stays in memory, and is written with what comes next.
   */
  tolerates?: (error: unknown) => boolean;
}

/** Of a run's time that its checkpoints take, where they may wait; and how long one waits at most, behind the one before. */
const mostSavingShare = 0.05;
const mostWaitMs = 10_000;

/** What is written at once. Within a step nothing is worth a wait for the disk: going on begins at a checkpoint. */
const flushed: readonly TrainEvent["type"][] = ["run", "config", "update", "eval", "alarm", "checkpoint", "end"];

/** What is on the disk before it is reported. A step does not wait for that: a run that dies goes on from its checkpoint. */
const written: readonly TrainEvent["type"][] = ["run", "config", "checkpoint", "end"];

/** Keeps a run as it happens: its events in the log, step by step, and checkpoints. */
export class RunRecorder {
  readonly #session: Session;
  readonly #store: RunStore;
  readonly #options: RecordOptions;
  #saveEvery: number;
  /** Steps made. */
  #step: number;
  #savedStep: number;
  #savedMs = performance.now();
  /** What the last checkpoint took. */
  #savingMs = 0;
  /** Events whose lines are to be written, and those of the step under way: no checkpoint may stand behind them. */
  #lines: TrainEvent[] = [];
  #underWay: TrainEvent[] = [];
  /** Lines that were made before they are written, while the GPU computes. */
  readonly #made = new WeakMap<TrainEvent, string>();
  #isMaking = false;
  /** The write under way. */
  #writing: Promise<void> = Promise.resolve();
  /** Why the last write failed, where that was tolerated. */
  #problem: string | null = null;

  constructor(session: Session, store: RunStore, options: RecordOptions) {
    this.#session = session;
    this.#store = store;
    this.#options = options;
    this.#saveEvery = options.saveEvery;
    this.#step = this.#savedStep = options.resumedAt;
  }

  /** Steps made. */
  get step(): number {
    return this.#step;
  }

  /** Whether something of the run is in memory only. */
  get unsaved(): boolean {
    return this.#step > this.#savedStep || this.#lines.length > 0;
  }

  /**
   * Trains, and keeps the run. Yields what happens, "checkpoint" and "end" events of its own among it.
   * @throws Error what the session or the store throws; the log then ends with a "failed" event where it can.
   */
  async *events(): AsyncGenerator<TrainEvent> {
    const { upcoming = [], notices = [], made, stopping, signal } = this.#options;
    let reported: string | null = null;
    try {
      for await (const event of this.#session.train(signal, made)) {
        // What a step had begun that is not in the checkpoint would stand before it in the log.
        if (event.type === "end" && event.reason !== "done") this.#underWay = [];
        // Before the next step rather than after the update, so that an evaluation of this step stays with it.
        const stepIsOver = event.type === "tasks" || event.type === "end";
        const due = event.type === "end" || this.#due() || this.#overdue();
        if (stepIsOver && due && this.#step > this.#savedStep) {
          const saved = await this.#trySave();
          if (saved) yield saved;
        }
        if (event.type === "update") this.#step = event.step;
        if (event.type === "config") this.#saveEvery = event.changes.saveEvery ?? this.#saveEvery;
        const logged = event.type === "run" ? this.#head(event) : event;
        await this.#log(logged);
        // Before the step is yielded: what is changed then comes after what was changed before.
        if (event.type === "update")
          for (const { step, changes } of upcoming) if (step === this.#step) this.#session.change(changes);
        if (this.#problem !== null && this.#problem !== reported)
          yield { type: "alarm", step: this.#step, message: this.#problem, about: "storage" };
        reported = this.#problem;
        yield logged;
        if (event.type === "run")
          for (const message of notices) yield await this.#log({ type: "alarm", step: this.#step, message });
        if (event.type === "end") return;
        if (stopping()) break;
      }
      // What this step had begun is not in the checkpoint, and would stand before it in the log.
      this.#underWay = [];
      if (this.#step > this.#savedStep) {
        const saved = await this.#trySave();
        if (saved) yield saved;
      }
      yield await this.#log({ type: "end", step: this.#step, reason: "stopped" });
    } catch (error) {
      // The error counts, not whether the log could still be written.
      await this.#log({
        type: "end",
        step: this.#step,
        reason: "failed",
        message: (error as Error).message,
      }).catch(() => {});
      throw error;
    } finally {
      // Its store may be closed after this.
      await this.#writing.catch(() => {});
    }
  }

  #head(event: Extract<TrainEvent, { type: "run" }>): TrainEvent {
    const { upcoming = [], sources = [] } = this.#options;
    return { ...event, ...(upcoming.length > 0 ? { upcoming } : {}), ...(sources.length > 0 ? { sources } : {}) };
  }

  /**
   * Writes a checkpoint of the last step that was made, and what the log lacks. Only between two events of the run: the
   * weights are those of that step then. Null where all is written already.
   */
  async save(): Promise<TrainEvent | null> {
    // A checkpoint stands on the log up to it.
    await this.#flush(true);
    if (this.#step === this.#savedStep) return null;
    const startedMs = performance.now();
    const checkpoint = await this.#session.checkpoint();
    if (checkpoint.step !== this.#step)
      throw new Error(`Expected a checkpoint of step ${this.#step}, found one of step ${checkpoint.step}`);
    await this.#store.writeCheckpoint(checkpoint.files);
    this.#savedStep = this.#step;
    this.#savedMs = performance.now();
    this.#savingMs = this.#savedMs - startedMs;
    this.#problem = null;
    return this.#log({ type: "checkpoint", step: this.#step, path: this.#store.place });
  }

  /** After so many steps as are wanted, but not all the time where steps take less than saving does. */
  #due(): boolean {
    if (this.#step % this.#saveEvery !== 0) return false;
    if (!this.#options.sparing || this.#saveEvery === 1) return true;
    const apartMs = Math.min(this.#savingMs * (1 / mostSavingShare - 1), mostWaitMs);
    return performance.now() - this.#savedMs >= apartMs;
  }

  /** Long unsaved, also beside what saving takes: that is not to be what a run does most of the time. */
  #overdue(): boolean {
    const { mostUnsavedMs = Number.POSITIVE_INFINITY } = this.#options;
    return performance.now() - this.#savedMs > Math.max(mostUnsavedMs, 20 * this.#savingMs);
  }

  async #trySave(): Promise<TrainEvent | null> {
    try {
      return await this.save();
    } catch (error) {
      this.#tolerate(error);
      return null;
    }
  }

  async #log(event: TrainEvent): Promise<TrainEvent> {
    if (!isLogged(event)) return event;
    // A checkpoint that is written within a step is one of the step before.
    if (event.type === "checkpoint") this.#lines.push(event);
    else this.#underWay.push(event);
    if (event.type === "group") this.#makeLinesSoon();
    if (!flushed.includes(event.type)) return event;
    if (event.type !== "checkpoint") this.#lines.push(...this.#underWay.splice(0));
    try {
      await this.#flush(written.includes(event.type));
    } catch (error) {
      this.#tolerate(error);
    }
    return event;
  }

  /** Makes lines of groups, which are long, once nothing else is to be done at once: when the step's update is under way. */
  #makeLinesSoon(): void {
    if (this.#isMaking) return;
    this.#isMaking = true;
    setTimeout(() => {
      this.#isMaking = false;
      onHost("lines of the log", () => {
        for (const event of this.#underWay)
          if (event.type === "group" && !this.#made.has(event)) this.#made.set(event, JSON.stringify(event));
      });
    }, 0);
  }

  /**
   * Begins to write what is to be written, with what a write before failed to write.
   * @param isWaitedFor  whether this waits until it is written, and throws what keeps it from that; else it throws what
   *   kept the write before
   */
  async #flush(isWaitedFor: boolean): Promise<void> {
    const before = await this.#writing.then(
      () => null,
      (error: unknown) => ({ error }),
    );
    this.#writing = this.#write(this.#lines.splice(0));
    if (isWaitedFor) return this.#writing;
    // Thrown by the next one.
    this.#writing.catch(() => {});
    if (before) throw before.error;
  }

  async #write(events: readonly TrainEvent[]): Promise<void> {
    if (events.length === 0) return;
    try {
      const lines = onHost("lines of the log", () =>
        events.map((event) => this.#made.get(event) ?? JSON.stringify(event)),
      );
      await elapsing("write the log", this.#store.appendLog(lines));
    } catch (error) {
      this.#lines.unshift(...events);
      throw error;
    }
  }

  #tolerate(error: unknown): void {
    if (!this.#options.tolerates?.(error)) throw error;
    this.#problem = (error as Error).message;
  }
}
