import type { TrainEvent } from "../../train/events.ts";

/** Events after which a run has nothing on the GPU until its next is asked for. */
const restful: readonly TrainEvent["type"][] = ["run", "update", "eval", "checkpoint", "end"];

/** Whose turn it is on a model: one run at most, and calls one after another where it rests. */
export class TurnTaking {
  closed = false;
  #run: "none" | "resting" | "working" = "none";
  #calls: Promise<unknown> = Promise.resolve();

  /** Does some work once that before it is done. @throws Error where the model is closed, or a run is within a step */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    this.#expectOpen();
    if (this.#run === "working")
      throw new Error(
        `A run is in the middle of a step on this model; wait for one of its events ${restful.join(", ")}, or open another model`,
      );
    const result = this.#calls.then(() => {
      this.#expectOpen();
      return work();
    });
    this.#calls = result.catch(() => {});
    return result;
  }

  /** The events of a run, which ends where its reader leaves. @throws Error where the model is closed, or in a run */
  async *run(events: AsyncGenerator<TrainEvent>): AsyncGenerator<TrainEvent, void> {
    this.#expectOpen();
    if (this.#run !== "none")
      throw new Error("The model is in another run; wait until that has ended, or open a model for each");
    this.#run = "working";
    try {
      await this.#calls;
      for await (const event of events) {
        if (restful.includes(event.type)) this.#run = "resting";
        yield event;
        this.#run = "working";
        await this.#calls;
        this.#expectOpen();
      }
    } finally {
      this.#run = "none";
    }
  }

  #expectOpen(): void {
    if (this.closed) throw new Error("The model is closed; close it once all that uses it has ended");
  }
}
