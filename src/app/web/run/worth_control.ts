import { type Signal, signal } from "@preact/signals";
import type { Rollout } from "../../../agent/rollout.ts";
import type { Task } from "../../../tasks/task.ts";
import { type CausalSummary, summarizeWorths } from "../../../train/causal_summary.ts";
import { joinedSight, type Sight } from "../../../train/sight.ts";
import type { ZoomWorth } from "../../../train/zoom_worth.ts";
import type { RunApi } from "../../worker_api/run_api.ts";
import type { StepRecord } from "./run_state.ts";
import type { Chosen, Store } from "./store.ts";
import { askedOf, obstacleTo, whoAnswered } from "./who_answers.ts";

/** Where a step's measures are shown. */
export const causalCardId = "crops-worth";

/** What was measured about the pictures of one rollout. */
export interface RolloutWorth {
  /** Null where it gave no answer, so that there is nothing to measure. */
  worth: ZoomWorth | null;
  /** Whose answer it is. */
  who: string;
}

/** What was measured in all rollouts of a step, or in an evaluation. */
export interface MeasuredWorth {
  /** e.g. "Step 100". */
  title: string;
  summary: CausalSummary;
  who: string;
  /** Rollouts measured, of all. */
  done: number;
  of: number;
}

/** Asks the open model what pictures are worth, and keeps what it said for as long as the run is shown. */
export class WorthControl {
  /** By run and rollout. */
  readonly rollouts: Signal<ReadonlyMap<string, RolloutWorth>> = signal(new Map());
  readonly measured: Signal<(MeasuredWorth & { run: string }) | null> = signal(null);
  /** Whether the learner sees, as it was measured last, with whose answer it is. */
  readonly sight: Signal<{ run: string; sight: Sight | null; who: string } | null> = signal(null);
  /** What is being measured, in words; null where nothing is. */
  readonly asking: Signal<string | null> = signal(null);
  readonly #api: Pick<RunApi, "rollouts">;
  readonly #store: Store;
  /** Counts questions, so that one that was stopped ends. */
  #asked = 0;

  constructor(api: Pick<RunApi, "rollouts">, store: Store) {
    this.#api = api;
    this.#store = store;
  }

  /** What is known of a rollout of the shown run. */
  of(rollout: Rollout): RolloutWorth | null {
    return this.rollouts.value.get(this.#keyOf(rollout)) ?? null;
  }

  /** Why nothing can be measured now, in a sentence; null where it can. */
  get obstacle(): string | null {
    return obstacleTo(this.#store, this.#store.lookup.value?.pictures ?? null);
  }

  /** The same before a run is shown: whether a model is there to be asked. */
  get modelObstacle(): string | null {
    return obstacleTo(this.#store, this.#store.config.value);
  }

  /** The same for an evaluation, which samples: never from the weights of a run within a step. */
  get obstacleToEvaluation(): string | null {
    const { player, replay } = this.#store;
    if (replay.value !== null) return "An evaluation is of the run in this tab; close the recording to make one";
    if (player.value === "playing" || player.value === "stepping") return "Pause the run to evaluate it";
    return this.modelObstacle;
  }

  /** One rollout. */
  async measureRollout({ rollout, task, step }: Chosen): Promise<void> {
    const record = this.#store.steps.value.find((one) => one.step === step);
    await this.#while("this rollout", async () => {
      await this.#group(task, [rollout], record ? otherTask(record, rollout.taskIndex) : null);
    });
  }

  /** All rollouts of a step, and whether the learner sees their pictures. */
  async measureStep(record: StepRecord): Promise<void> {
    const groups = record.groups.flatMap((group, i) => (group && group.length > 0 ? [{ group, i }] : []));
    const of = groups.reduce((sum, { group }) => sum + group.length, 0);
    const title = `Step ${record.step}`;
    await this.#while(`0 of ${of} rollouts`, async (goesOn) => {
      const worths: ZoomWorth[] = [];
      const sights: Sight[] = [];
      let done = 0;
      for (const { group, i } of groups) {
        const task = record.tasks[i]!;
        if (!goesOn()) return;
        const { found, who } = await this.#group(task, group, otherTask(record, i));
        worths.push(...found);
        if (!goesOn()) return;
        const { sight } = await this.#sight(task, group);
        if (sight) sights.push(sight);
        if (!goesOn()) return;
        done += group.length;
        this.asking.value = `${done} of ${of} rollouts`;
        const seen = joinedSight(sights);
        const summary = { ...summarizeWorths(worths, done), ...(seen && { sight: seen }) };
        this.measured.value = { title, summary, who, done, of, run: this.#run() };
        this.sight.value = { sight: seen, who, run: this.#run() };
      }
    });
  }

  /** Whether the learner sees the pictures of a step's first groups. */
  async measureSight(record: StepRecord): Promise<void> {
    await this.#while("whether the learner sees", async (goesOn) => {
      const sights: Sight[] = [];
      let line = "";
      const groups = record.groups.flatMap((group, i) => (group && group.length > 0 ? [{ group, i }] : []));
      for (const { group, i } of groups.slice(0, groupsSeen)) {
        if (!goesOn()) return;
        const { sight, who } = await this.#sight(record.tasks[i]!, group);
        if (sight) sights.push(sight);
        line = who;
      }
      if (!goesOn()) return;
      this.sight.value = { sight: joinedSight(sights), who: line, run: this.#run() };
    });
  }

  /** Held-out tasks: the weights of a paused run by its checkpoint, which was written when it was paused. */
  async evaluate(): Promise<void> {
    const store = this.#store;
    const config = store.runConfig.value ?? store.config.value;
    const { step, head } = store.live.value;
    const underWay = head !== null && store.player.value !== "over";
    const weights = underWay ? (step === 0 ? "start" : "checkpoint") : "now";
    await this.#while(`${config.evalTasks} held-out tasks`, async (goesOn) => {
      const asked = { weights, run: store.storedAs.value, config, step, tasks: config.evalTasks } as const;
      const { tasks, causal, by } = await this.#api.rollouts.evaluate(asked);
      if (!goesOn()) return;
      const who = whoAnswered(store, by, step);
      const run = this.#run();
      this.measured.value = { title: `${tasks} held-out tasks`, summary: causal, who, done: tasks, of: tasks, run };
      if (causal.sight) this.sight.value = { sight: causal.sight, who, run };
    });
  }

  /** Ends what is being measured; what is known stays. */
  stop(): void {
    this.#asked++;
    this.asking.value = null;
  }

  /** Names the shown run. */
  #run(): string {
    const { replay, storedAs } = this.#store;
    return replay.value?.link ?? `live ${storedAs.value}`;
  }

  /** What was measured of the run that is shown. */
  ofShown<T extends { run: string }>(found: Signal<T | null>): T | null {
    return found.value?.run === this.#run() ? found.value : null;
  }

  #keyOf({ id }: Rollout): string {
    return `${this.#run()} ${id}`;
  }

  async #group(task: Task, rollouts: readonly Rollout[], other: { task: Task; rollout: Rollout } | null) {
    const step = this.#store.live.value.step;
    const asked = { task, rollouts: [...rollouts], config: this.#pictures(), other, ...askedOf(this.#store) };
    // Another run may be shown when the answer comes.
    const keys = rollouts.map((rollout) => [rollout, this.#keyOf(rollout)] as const);
    const { worths, by } = await this.#api.rollouts.worths(asked);
    const who = whoAnswered(this.#store, by, step);
    const known = new Map(this.rollouts.value);
    for (const [rollout, key] of keys)
      known.set(key, { worth: worths.find((one) => one.rollout === rollout.id) ?? null, who });
    this.rollouts.value = known;
    return { found: worths, who };
  }

  async #sight(task: Task, rollouts: readonly Rollout[]): Promise<{ sight: Sight | null; who: string }> {
    const step = this.#store.live.value.step;
    const asked = { task, rollouts: [...rollouts], config: this.#pictures(), ...askedOf(this.#store) };
    const { sight, by } = await this.#api.rollouts.sight(asked);
    return { sight, who: whoAnswered(this.#store, by, step) };
  }

  /** The configuration under which the pictures of the shown run are made. */
  #pictures() {
    const config = this.#store.lookup.value?.pictures;
    if (!config) throw new Error("The pictures of this run are not here");
    return config;
  }

  /** One thing at a time; errors become notices. */
  async #while(what: string, work: (goesOn: () => boolean) => Promise<void>): Promise<void> {
    if (this.asking.value !== null) return;
    const mine = ++this.#asked;
    this.asking.value = what;
    const run = this.#run();
    const goesOn = () => mine === this.#asked && run === this.#run();
    try {
      await work(goesOn);
    } catch (error) {
      if (goesOn()) this.#store.notices.error(error);
    } finally {
      if (mine === this.#asked) this.asking.value = null;
    }
  }
}

/** Groups in which it is looked whether the learner sees: that is no matter of chance. */
const groupsSeen = 4;

/** A rollout of the next task of the step in which a tool gave a picture; null where there is none. */
function otherTask({ tasks, groups }: StepRecord, index: number): { task: Task; rollout: Rollout } | null {
  for (let by = 1; by < groups.length; by++) {
    const at = (index + by) % groups.length;
    const rollout = groups[at]?.find(({ calls }) => calls.some(({ outcome }) => outcome === "ok"));
    const task = tasks[at];
    if (rollout && task) return { task, rollout };
  }
  return null;
}
