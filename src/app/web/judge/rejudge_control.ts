import { type Signal, signal } from "@preact/signals";
import type { JudgeCounts } from "../../../reward/judges/counts.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { RejudgedStep } from "../../judge/rejudge.ts";
import type { RejudgeOptions } from "../../worker_api/judge_api.ts";
import type { RunApi } from "../../worker_api/run_api.ts";

/** A stored run under another judge, as far as it is. */
export interface Rejudged {
  run: string;
  /** Names of the judge and the reward that it is judged by now. */
  judge: string;
  reward: string;
  steps: readonly RejudgedStep[];
  counts: JudgeCounts | null;
  state: "judging" | "done" | "stopped";
  problem: string | null;
}

/** Judges stored runs again. Lasts while other views are looked at. */
export class RejudgeControl {
  /** The run whose form is open. */
  readonly run: Signal<string | null> = signal(null);
  readonly result: Signal<Rejudged | null> = signal(null);
  readonly #api: RunApi;

  constructor(api: RunApi) {
    this.#api = api;
  }

  /** Opens the form for a run, in the place of what is open. */
  show(run: string): void {
    this.close();
    this.run.value = run;
  }

  async start(run: string, config: RunConfig, how: RejudgeOptions): Promise<void> {
    const mine: Rejudged = {
      run,
      judge: how.verdicts === "stored" ? "stored verdicts" : config.judge,
      reward: config.reward,
      steps: [],
      counts: null,
      state: "judging",
      problem: null,
    };
    let now = mine;
    const update = (changes: Partial<Rejudged>): void => {
      now = { ...now, ...changes };
      this.result.value = now;
    };
    update({});
    const current = () => this.result.peek() === now && now.state === "judging";
    try {
      await this.#api.judge.startRejudge(run, config, how);
      while (current()) {
        const { steps, counts, over } = await this.#api.judge.nextRejudged();
        if (!current()) return;
        update({ steps: [...now.steps, ...steps], counts, state: over ? "done" : "judging" });
      }
    } catch (error) {
      if (current()) update({ state: "stopped", problem: (error as Error).message });
    }
  }

  async stop(): Promise<void> {
    const now = this.result.peek();
    if (now) this.result.value = { ...now, state: "stopped" };
    await this.#api.judge.stopRejudge();
  }

  close(): void {
    if (this.result.peek()?.state === "judging") void this.stop();
    this.run.value = null;
    this.result.value = null;
  }
}
