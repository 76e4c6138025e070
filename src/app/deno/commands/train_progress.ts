import type { TrainEvent, WarmupEvent } from "../../../train/events.ts";
import type { Terminal } from "../command_line/terminal.ts";
import { eventLine, withinStep } from "./reports.ts";
import { progressBar, TimeLeft } from "./time_left.ts";

/** Shows a run while it is made: a line a step, and on a terminal a bar that says where it stands. */
export class TrainProgress {
  readonly #terminal: Terminal;
  readonly #json: boolean;
  readonly #left = new TimeLeft();
  readonly #now: () => number;
  #steps: number;
  #made: number;

  /** @param json  events as lines of JSON, and nothing else */
  constructor(
    terminal: Terminal,
    { steps, made, json }: { steps: number; made: number; json: boolean },
    now: () => number = () => performance.now(),
  ) {
    this.#now = now;
    this.#terminal = terminal;
    this.#json = json;
    this.#steps = steps;
    this.#made = made;
  }

  show(event: TrainEvent | WarmupEvent): void {
    if (this.#json) {
      this.#terminal.print(JSON.stringify(event));
      return;
    }
    if (event.type === "config") this.#steps = event.changes.steps ?? this.#steps;
    if (event.type === "update" || event.type === "warmup") {
      this.#made = event.type === "update" ? event.step : this.#made + 1;
      this.#left.made(this.#made, this.#now());
    }
    const left = this.#left.text(this.#steps);
    const line = eventLine(event, this.#steps, left);
    if (line !== null) this.#terminal.print(line);
    if (event.type === "end") return;
    const within = event.type === "warmup" ? null : withinStep(event as TrainEvent);
    const parts = [progressBar(this.#made, this.#steps), left, within ?? ""];
    this.#terminal.progress(parts.filter((part) => part !== "").join("  "));
  }
}
