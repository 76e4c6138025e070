import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Rollout } from "../../../agent/rollout.ts";
import type { Task } from "../../../tasks/task.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { TrainEvent } from "../../../train/events.ts";
import { type KnobName, knobs, type RunConfig } from "../../../train/knobs.ts";
import type { PlayerState } from "../../run/player.ts";
import type { WeightsChoice } from "../../worker_api/asked_weights.ts";
import { type Branch, rootOf } from "../../worker_api/branch_api.ts";
import type { Opened, StoredModel, StoredRun } from "../../worker_api/run_api.ts";
import { holds } from "./lazy_groups.ts";
import { type Lesson, wholePage } from "./lesson.ts";
import { type Lookup, lookupOf } from "./lookup.ts";
import { Notices } from "./notices.ts";
import type { Question } from "./question.ts";
import { emptyRun, fold, type RunState, type StepRecord } from "./run_state.ts";
import type { Look } from "./url_state.ts";
import { noWarmup, type WarmupState } from "./warmup_state.ts";

export type Tab = "train" | "rollouts" | "step" | "compare" | "runs" | "data" | "learn";
export const tabs: readonly Tab[] = ["train", "rollouts", "step", "compare", "runs", "data", "learn"];

/** A recorded run that is shown in place of the live one. */
export interface Replay {
  name: string;
  /** What a person calls it, where they do. */
  title?: string | undefined;
  /** How a link names it. */
  link: string;
  /** What it fetches was agreed to when a stored run was started; of a file that was opened nothing was. */
  origin: "stored" | "recording" | "file";
  /** A stored run that came out of a file: nobody here has agreed to anything. */
  imported?: true;
  /** What people should know of it beside its name. */
  about: string | null;
  /** As far as it has been played. */
  state: RunState;
  /** Steps of the whole recording. */
  steps: number;
  /** When the run was begun, as its log says. */
  begun: string;
  playing: boolean;
  /** The files that its tasks come from, by their names; empty where they are generated. */
  files: readonly string[];
  /** Knobs that could not be read. */
  unreadKnobs: ReadonlySet<KnobName>;
  /** What of a stored run is saved, where it can be gone on with; null elsewhere. */
  savedStep: number | null;
  /** Paths of what was dropped in the place of its local files, once that was compared with the log. */
  standIns: { data: string | null; model: string | null };
}

/** How far a rollout has been stepped through. */
export interface Cursor {
  rollout: string;
  /** Tokens of the rollout up to and with the one under the cursor. */
  tokens: number;
}

/** The log of a run that a link means and that must be given: a file by its name, or a run of another browser. */
export interface WantedLog {
  name: string;
  from: "file" | "browser";
  look: Look;
  /** Goes where the link leads, in the run that is shown then. */
  show(): void;
}

/** A run that broke off in this page, and can be gone on with. */
export interface Interrupted extends Pick<StoredRun, "name" | "step" | "savedStep" | "steps"> {
  /** What happened, in a sentence. */
  cause: string;
}

/** A rollout with what is needed to draw it. */
export interface Chosen {
  rollout: Rollout;
  task: Task;
  siblings: readonly Rollout[];
  /** Counted as updates are: from 1. */
  step: number;
  /** What it is a branch of, where it is one: no rollout of the run. */
  branch?: Branch;
}

/** Events fold at once, the page is updated once a frame; one that is not seen has no frames, and is updated this often. */
const unseenEveryMs = 500;

/** Thumbnails take a while to make, and a person to look at them. */
const dwellMs = 1500;

/** Everything that the page shows, as signals. Nothing here asks the worker for anything. */
export class Store {
  readonly notices = new Notices();
  readonly tab: Signal<Tab> = signal("train");

  // the device and the run
  readonly gpuProblem: Signal<string | null> = signal(null);
  /** What a person is asked now; null where nothing is. */
  readonly question: Signal<Question | null> = signal(null);
  readonly opened: Signal<Opened | null> = signal(null);
  /** What the page waits for, e.g. "loading the model"; buttons that would collide are disabled meanwhile. */
  readonly busy: Signal<string | null> = signal(null);
  /** Changed settings are being looked up; Start waits for that itself, so that no click on it is lost. */
  readonly reopening: Signal<boolean> = signal(false);
  /** True where the address asks for the time of every kernel. */
  readonly traced: Signal<boolean> = signal(false);
  readonly warmup: Signal<WarmupState> = signal(noWarmup);
  /** Weights that were made in this browser. */
  readonly models: Signal<readonly StoredModel[]> = signal([]);
  /** Nothing can be started: there is no GPU, or something else is under way. */
  readonly blocked: ReadonlySignal<boolean> = computed(
    () => this.gpuProblem.value !== null || this.busy.value !== null || this.warmup.value.running,
  );
  /** Start does nothing: as `blocked`, but for what it waits for itself. */
  readonly startBlocked: ReadonlySignal<boolean> = computed(
    () => this.blocked.value && !(this.reopening.value && this.gpuProblem.value === null && !this.warmup.value.running),
  );
  readonly player: Signal<PlayerState> = signal("paused");
  readonly elapsedMs: Signal<number> = signal(0);
  /** Mean duration of the last steps, without pauses; null before the first. */
  readonly stepMs: Signal<number | null> = signal(null);
  readonly live: Signal<RunState> = signal(emptyRun);
  /** The name under which the live run is stored. */
  readonly storedAs: Signal<string | null> = signal(null);
  readonly interrupted: Signal<Interrupted | null> = signal(null);
  /** The run before this one: faint lines behind the curves. */
  readonly previous: Signal<RunState | null> = signal(null);
  /** Stored runs whose curves are drawn beside those of the shown one, by their names, each once. */
  readonly overlaid: Signal<readonly string[]> = signal([]);
  readonly replay: Signal<Replay | null> = signal(null);
  /** Nothing has been run or opened yet: there is nothing to show but what this page is. */
  readonly isFresh: ReadonlySignal<boolean> = computed(
    () => this.replay.value === null && this.live.value.head === null && this.previous.value === null,
  );
  readonly shown: ReadonlySignal<RunState> = computed(() => this.replay.value?.state ?? this.live.value);
  // Parts of the shown run by themselves, so that a view re-renders only for what it shows
  readonly runHead: ReadonlySignal<RunState["head"]> = computed(() => this.shown.value.head);
  readonly runConfig: ReadonlySignal<RunConfig | null> = computed(() => this.shown.value.config);
  readonly updates: ReadonlySignal<RunState["updates"]> = computed(() => this.shown.value.updates);
  readonly evals: ReadonlySignal<RunState["evals"]> = computed(() => this.shown.value.evals);
  readonly alarms: ReadonlySignal<RunState["alarms"]> = computed(() => this.shown.value.alarms);
  readonly steps: ReadonlySignal<RunState["steps"]> = computed(() => this.shown.value.steps);
  /** Addresses that a person agreed to ask in this visit, to look at runs of others. */
  readonly agreed: Signal<ReadonlySet<string>> = signal(new Set());
  /** What of the shown run can be looked up; null where there is no run. */
  readonly lookup: ReadonlySignal<Lookup | null> = computed(() => {
    const config = this.runConfig.value;
    return config && lookupOf(config, this.replay.value, this.agreed.value);
  });

  // what the controls say: differences from the preset, always valid
  readonly changes: Signal<Partial<RunConfig>> = signal({ preset: "needle", seed: 7 });
  readonly config: ReadonlySignal<RunConfig> = computed(() => resolveConfig(this.changes.value));
  /** Knobs set to something that only a new run will use. */
  readonly pending: ReadonlySignal<(keyof RunConfig)[]> = computed(() => {
    const running = this.live.value.config;
    const wanted = this.config.value;
    if (!running) return [];
    const keys = Object.keys(knobs) as (keyof RunConfig)[];
    return keys.filter(
      (key) => knobs[key].applies === "new run" && knobs[key].group !== "warmup" && running[key] !== wanted[key],
    );
  });

  // what is looked at
  /** A step whose groups are shown; null follows the newest. */
  readonly chosenStep: Signal<number | null> = signal(null);
  readonly hoveredStep: Signal<number | null> = signal(null);
  /** Which rollouts are listed, and in which order, as texts (src/app/rollout_list). */
  readonly find: Signal<string> = signal("");
  readonly sorting: Signal<string> = signal("");
  /** A step of the live run that left memory, and was read from its log again. */
  readonly recalled: Signal<StepRecord | null> = signal(null);
  /** Id of a rollout that someone picked; null follows the newest step. */
  readonly pinned: Signal<string | null> = signal(null);
  /** Where the step-through stands; null, or of another rollout: at the beginning. */
  readonly cursor: Signal<Cursor | null> = signal(null);
  /** Whose answers stand beside a token, and whose they are compared with; what is absent was not chosen. */
  readonly askedWeights: Signal<{ weights?: WeightsChoice; other?: WeightsChoice | null }> = signal({});
  /** The loss that a token's formula is compared with: its name, and what of its knobs was moved. */
  readonly besideLoss: Signal<{ name: string; moved: Partial<RunConfig> }> = signal({ name: "grpo", moved: {} });
  /** The layer and head whose attention is drawn, counted from 1; 0 for the mean over all. */
  readonly attentionChoice: Signal<{ layer: number; head: number; rolled: boolean }> = signal({
    layer: 0,
    head: 0,
    rolled: false,
  });
  /** Panels beside the step-through that were opened (true) or folded by hand. */
  readonly panels: Signal<Readonly<Record<string, boolean>>> = signal({});
  /** What a lesson's link hides of the page. */
  readonly lesson: Signal<Lesson> = signal(wholePage);
  readonly wantedFile: Signal<WantedLog | null> = signal(null);
  /** Under which key the browser keeps the branches of the shown run; null where there is no run. */
  readonly tree: ReadonlySignal<string | null> = computed(() =>
    this.replay.value ? treeOfReplay(this.replay.value) : this.storedAs.value,
  );
  /** Branches of rollouts of the shown run, oldest first. */
  readonly branches: Signal<readonly Branch[]> = signal([]);
  /** Rollouts that were made in this page beside the shown run, and belong to none. */
  readonly beside: Signal<readonly Chosen[]> = signal([]);
  readonly record: ReadonlySignal<StepRecord | null> = computed(() =>
    recordOf(this.steps.value, this.chosenStep.value ?? this.#followedStep.value),
  );
  readonly chosen: ReadonlySignal<Chosen | null> = computed(() => this.#choose());

  /** The step that the page shows where none was chosen. */
  readonly #followedStep: Signal<number | null> = signal(null);
  #followedMs = 0;
  #folded: RunState = emptyRun;
  /** Ends the wait for the next frame; null where nothing waits to be shown. */
  #cancel: (() => void) | null = null;
  /** Outlives its step, which leaves memory after a while. */
  #lastChosen: Chosen | null = null;
  /** Of which run that is: rollouts of another one have the same ids. */
  #lastTree: string | null = null;

  constructor() {
    effect(() => this.#follow());
  }

  /** Keeps to the newest step; while steps fly by, to each of them long enough to be looked at. */
  #follow(): void {
    const steps = this.steps.value;
    const moving = this.replay.value?.playing ?? this.player.value === "playing";
    const newest = recordOf(steps, null)?.step ?? null;
    const followed = this.#followedStep.peek();
    const still = steps.some((record) => record.step === followed);
    if (newest === followed || (moving && still && performance.now() - this.#followedMs < dwellMs)) return;
    this.#followedMs = performance.now();
    this.#followedStep.value = newest;
  }

  /** Folds one event of the live run. */
  receive(event: TrainEvent): void {
    this.#folded = fold(this.#folded, event);
    this.#cancel ??= atNextFrame(() => this.publish());
  }

  /** Shows what has been folded so far, at once. */
  publish(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.live.value = this.#folded;
  }

  /** Sets the live run aside; its curves stay as a comparison if it has any. */
  startOver(before: RunState = emptyRun): void {
    this.publish();
    if (this.live.value.updates.length > 0 && before === emptyRun) this.previous.value = this.live.value;
    this.#folded = before;
    this.publish();
    this.elapsedMs.value = 0;
    this.stepMs.value = null;
    this.chosenStep.value = null;
    this.pinned.value = null;
    this.cursor.value = null;
    this.recalled.value = null;
    this.storedAs.value = null;
    this.player.value = "paused";
  }

  #choose(): Chosen | null {
    const id = this.pinned.value;
    const beside = this.beside.value.find(({ rollout }) => rollout.id === id);
    if (beside) return beside;
    const found = id !== null ? this.#find(id) : firstZoomed(this.record.value);
    const last = this.#lastChosen;
    const tree = this.tree.value;
    if (found === null)
      return id !== null && last?.rollout.id === id && this.#lastTree === tree
        ? last
        : id !== null
          ? firstZoomed(this.record.value)
          : null;
    // The same object as long as it is the same rollout: views compare by identity
    if (last?.rollout !== found.rollout) this.#lastChosen = found;
    this.#lastTree = tree;
    return this.#lastChosen;
  }

  #find(id: string): Chosen | null {
    const recalled = this.replay.value === null ? this.recalled.value : null;
    const root = rootOf(id);
    const of = findRollout(this.steps.value, root) ?? (recalled && findRollout([recalled], root));
    if (rootOf(id) === id) return of;
    const branch = this.branches.value.find((one) => one.id === id);
    // Not there yet, or kept in another browser
    if (!branch) return of;
    const { rollout, task } = branch;
    return { rollout, task, siblings: of?.siblings ?? [], step: rollout.step, branch };
  }
}

/** A stored run has its name to itself; files of several runs may have the same one. */
const treeOfReplay = ({ origin, link, begun }: Replay): string => (origin === "stored" ? link : `${link} of ${begun}`);

/** Calls back at the next frame, or after a while where the page is not seen. Returns what cancels it. */
function atNextFrame(work: () => void): () => void {
  const timer = setTimeout(work, unseenEveryMs);
  const frame = globalThis.requestAnimationFrame?.(work);
  return () => {
    clearTimeout(timer);
    if (frame !== undefined) cancelAnimationFrame(frame);
  };
}

/** The step to show: the chosen one, else the newest that is whole, else the one being sampled. */
function recordOf(steps: RunState["steps"], step: number | null): StepRecord | null {
  const chosen = step === null ? undefined : steps.find((record) => record.step === step);
  return chosen ?? steps.findLast((record) => record.groups.every((group) => group !== null)) ?? steps.at(-1) ?? null;
}

/** Where none was chosen: the first rollout that zoomed, else the first. */
function firstZoomed(record: StepRecord | null): Chosen | null {
  if (!record) return null;
  for (const [taskIndex, siblings] of record.groups.entries()) {
    const task = record.tasks[taskIndex];
    const rollout = siblings?.find((candidate) => candidate.calls.length > 0) ?? siblings?.[0];
    if (rollout && siblings && task) return { rollout, task, siblings, step: record.step };
  }
  return null;
}

function findRollout(steps: RunState["steps"], id: string): Chosen | null {
  for (const record of steps) {
    for (const [taskIndex, group] of record.groups.entries()) {
      const task = record.tasks[taskIndex];
      if (!group || !holds(group, id)) continue;
      const rollout = group.find((candidate) => candidate.id === id);
      if (rollout && task) return { rollout, task, siblings: group, step: record.step };
    }
  }
  return null;
}
