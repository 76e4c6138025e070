import type { WarmupEvent } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { stages, stepsOf, variantOf } from "../../../train/warmup.ts";
import type { Session } from "../../session/session.ts";
import { StorageProblem } from "./database.ts";
import { lockModel, saveModel, storedWarmup, trainedName } from "./model_store.ts";

/** A page may be closed at any time; at most this much of its work is lost then. */
const saveEveryMs = 60_000;

/** The supervised stages, kept in this browser as they go: what they have made so far is a model that runs can start from. */
export class StoredWarmupWriter {
  /** Steps made, and those that are kept. */
  #made: number;
  #kept: number;
  #savedMs = performance.now();
  readonly #stop: AbortController;
  /** What is under way; stopping waits for it. */
  #turn: Promise<WarmupEvent | null> = Promise.resolve(null);

  private constructor(
    readonly session: Session,
    readonly config: RunConfig,
    readonly name: string,
    readonly steps: number,
    readonly events: AsyncGenerator<WarmupEvent>,
    readonly release: () => void,
    made: number,
    stop: AbortController,
  ) {
    this.#made = this.#kept = made;
    this.#stop = stop;
  }

  /** @throws Error where another tab makes the same model, and where there is nothing to go on with */
  static async begin(session: Session, config: RunConfig, resume: boolean): Promise<StoredWarmupWriter> {
    const name = trainedName(config);
    const release = await lockModel(name);
    try {
      const files = resume ? await storedWarmup(name) : null;
      if (resume && !files)
        throw new Error("There is no unfinished warm-up with these settings in this browser; start a new one");
      await session.reset(config);
      const made = files ? await session.restore(files) : 0;
      const steps = stepsOf(stages(variantOf(config), config.warmupRows));
      const stop = new AbortController();
      return new StoredWarmupWriter(session, config, name, steps, session.warmup(stop.signal), release, made, stop);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** What happens next; null once all is done and kept. */
  next(): Promise<WarmupEvent | null> {
    const event = this.#turn.then(() => this.#next());
    this.#turn = event.catch(() => null);
    return event;
  }

  async #next(): Promise<WarmupEvent | null> {
    const next = await this.events.next();
    if (next.done) return null;
    if (next.value.type === "warmup") {
      this.#made++;
      if (this.#made === this.steps) await this.#save();
      else if (performance.now() - this.#savedMs > saveEveryMs) await this.#trySave();
    }
    return next.value;
  }

  /**
   * Ends it, and keeps what it has made. A step that the device has not got whole is given up: it may take minutes.
   * @throws StorageProblem where it cannot be kept; it is in memory then, and this may be asked again
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    let isOver = true;
    try {
      await this.#turn;
      for await (const event of this.events) if (event.type === "warmup") this.#made++;
      // Where all steps are made and only evaluations were going on, the model is kept already.
      if (this.#made > this.#kept) await this.#save();
    } catch (error) {
      isOver = !(error instanceof StorageProblem);
      throw error;
    } finally {
      if (isOver) this.release();
    }
  }

  /** After an error of the device there is nothing to keep: the last save stays. */
  abandon(): void {
    this.release();
  }

  /** What cannot be kept now may be the next time, and at the end in any case. */
  async #trySave(): Promise<void> {
    try {
      await this.#save();
    } catch (error) {
      if (!(error instanceof StorageProblem)) throw error;
      this.#savedMs = performance.now();
    }
  }

  async #save(): Promise<void> {
    const { name, config, steps } = this;
    const { preset, seed, warmupRows: rows } = config;
    // The weights may be a step ahead of the events.
    const { step, files } = await this.session.checkpoint();
    await saveModel(
      { name, preset, seed, rows, step, steps, madeAt: new Date().toISOString() },
      await this.session.exportFiles(),
      step < steps ? files : null,
    );
    this.#savedMs = performance.now();
    this.#kept = Math.max(this.#made, step);
  }
}
