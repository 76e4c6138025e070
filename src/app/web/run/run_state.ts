import type { Rollout } from "../../../agent/rollout.ts";
import type { Task } from "../../../tasks/task.ts";
import type { Metrics, TrainEvent } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { inPageAlone } from "../labels/run_name.ts";
import { addedNumbers } from "./added_numbers.ts";

/** The rollouts of one step. `groups[i]` is null until the rollouts of `tasks[i]` are scored. */
export interface StepRecord {
  /** Counted as updates are: from 1. */
  step: number;
  tasks: Task[];
  groups: (Rollout[] | null)[];
  /** True once the weights were updated with it. */
  complete: boolean;
}

/** One point of the curves. */
export interface Point {
  step: number;
  metrics: Metrics;
  durationMs: number;
}

/** One evaluation on held-out tasks. */
export interface EvalPoint extends Point {
  greedy: boolean;
}

/** Settings that have other values from a step on, and those that they had before. */
export interface SettingsChange {
  step: number;
  before: Partial<RunConfig>;
  after: Partial<RunConfig>;
}

/** What the run is doing now, as far as its events say. */
export type Phase =
  | { name: "idle" }
  | { name: "encoding"; rollouts: number }
  | { name: "sampling"; turn: number; tokens: number; waiting: number; done: number; rollouts: number; again?: true }
  | { name: "updating" }
  | { name: "evaluating" }
  | { name: "over" };

/** A run as the page knows it: the fold of its events. */
export interface RunState {
  head: Extract<TrainEvent, { type: "run" }> | null;
  /** The head's configuration with the changes made since. */
  config: RunConfig | null;
  /** Updates made so far. */
  step: number;
  phase: Phase;
  updates: readonly Point[];
  evals: readonly EvalPoint[];
  steps: readonly StepRecord[];
  alarms: readonly { step: number; message: string }[];
  changes: readonly SettingsChange[];
  checkpointStep: number | null;
  end: Extract<TrainEvent, { type: "end" }> | null;
}

export const emptyRun: RunState = {
  head: null,
  config: null,
  step: 0,
  phase: { name: "idle" },
  updates: [],
  evals: [],
  steps: [],
  alarms: [],
  changes: [],
  checkpointStep: null,
  end: null,
};

/** Steps whose rollouts a live run keeps in memory, about 0.3 MB each. */
export const keptSteps = 50;

/** How lists of a state change. */
interface Lists {
  append<T>(list: readonly T[], item: T): readonly T[];
  replace<T>(list: readonly T[], index: number, item: T): readonly T[];
}

/** New lists: the state before stays as it was. */
const anew: Lists = {
  append: (list, item) => [...list, item],
  replace: (list, index, item) => list.with(index, item),
};

/** The same lists. A log of a million events would otherwise copy a million lists. */
const inPlace: Lists = {
  append: (list, item) => {
    (list as (typeof item)[]).push(item);
    return list;
  },
  replace: (list, index, item) => {
    (list as (typeof item)[])[index] = item;
    return list;
  },
};

/** A whole log at once; no step leaves memory, since the events are in memory anyway. */
export function foldAll(events: Iterable<TrainEvent>): RunState {
  let state = freshRun();
  for (const event of events) state = fold(state, event, Number.POSITIVE_INFINITY, inPlace);
  return state;
}

/** With lists of its own. */
const freshRun = (): RunState => ({ ...emptyRun, updates: [], evals: [], steps: [], alarms: [], changes: [] });

/** The state after one more event. Pure: unchanged parts keep their identity. `keep`: how many steps' rollouts stay. */
export function fold(state: RunState, event: TrainEvent, keep = keptSteps, lists = anew): RunState {
  switch (event.type) {
    case "run":
      return begin(state, event, lists);
    case "config":
      return state.config ? changed(state, event, lists) : state;
    case "tasks": {
      if (event.more) {
        const steps = withNewest(lists, state.steps, event.step, (record) => ({
          ...record,
          tasks: [...record.tasks, ...event.tasks],
          groups: [...record.groups, ...event.tasks.map(() => null)],
        }));
        return { ...state, steps, phase: { name: "encoding", rollouts: rolloutsOf({ ...state, steps }) } };
      }
      const { step } = event;
      const record = {
        step,
        tasks: event.tasks,
        groups: event.tasks.map(() => null),
        complete: false,
      };
      const rollouts = event.tasks.length * (state.config?.rolloutsPerTask ?? 0);
      const steps = lists.append(state.steps, record);
      return {
        ...state,
        steps: steps.length > keep ? steps.slice(-keep) : steps,
        phase: { name: "encoding", rollouts },
      };
    }
    case "decode": {
      const { turn, tokens, waiting, done, again } = event;
      // Which rollouts are continued the log says with their groups.
      const rollouts = again ? done + waiting : rolloutsOf(state);
      const phase: Phase = { name: "sampling", turn, tokens, waiting, done, rollouts, ...(again && { again }) };
      return { ...state, phase };
    }
    case "group": {
      const steps = withNewest(lists, state.steps, event.step, (record) => ({
        ...record,
        groups: record.groups.map((group, i) => (i === event.taskIndex ? event.rollouts : group)),
      }));
      const done = steps.at(-1)?.groups.every((group) => group !== null) ?? false;
      return { ...state, steps, phase: done ? { name: "updating" } : state.phase };
    }
    case "update": {
      const evalEvery = state.config?.evalEvery ?? 0;
      const evaluates = evalEvery > 0 && event.step % evalEvery === 0;
      const { step, durationMs } = event;
      const metrics = { ...event.metrics, ...addedNumbers(state.config, event) };
      const newest = state.steps.at(-1);
      return {
        ...state,
        step,
        updates: lists.append(state.updates, { step, metrics, durationMs }),
        steps: newest ? lists.replace(state.steps, state.steps.length - 1, completed(newest)) : state.steps,
        phase: { name: evaluates ? "evaluating" : "idle" },
      };
    }
    case "eval": {
      const { step, greedy, metrics, durationMs } = event;
      const point = { step, greedy, metrics, durationMs };
      return { ...state, evals: lists.append(state.evals, point), phase: { name: "idle" } };
    }
    case "checkpoint":
      // What goes with the page is not saved.
      return event.path === inPageAlone ? state : { ...state, checkpointStep: event.step };
    case "alarm":
      return { ...state, alarms: lists.append(state.alarms, { step: event.step, message: event.message }) };
    case "end":
      return { ...state, end: event, phase: { name: "over" } };
    default:
      return state; // a log written by a later version may hold events that this page does not know
  }
}

/** A log that was shortened may lack groups of a step that was made. */
const completed = (record: StepRecord): StepRecord => ({
  ...record,
  tasks: record.tasks.filter((_, i) => record.groups[i] !== null),
  groups: record.groups.filter((group) => group !== null),
  complete: true,
});

/** A fresh run starts empty; a resumed one goes on after its checkpoint, and what came after that is made again. */
function begin(state: RunState, head: Extract<TrainEvent, { type: "run" }>, lists: Lists): RunState {
  if (head.resumedAt === 0) return { ...freshRun(), head, config: head.config };
  const made = (point: { step: number }): boolean => point.step <= head.resumedAt;
  const kept = {
    ...state,
    head,
    step: head.resumedAt,
    phase: { name: "idle" as const },
    updates: state.updates.filter(made),
    evals: state.evals.filter(made),
    steps: state.steps.filter((record) => record.complete && made(record)),
    alarms: state.alarms.filter(made),
    changes: state.changes.filter(made),
    end: null,
  };
  // Going on may change settings, too.
  const after = state.config ? differing(state.config, head.config) : {};
  const resumed = changed(kept, { step: head.resumedAt + 1, changes: after }, lists);
  return { ...resumed, config: head.config };
}

/** Some settings have other values; those that stay as they are are no change. */
function changed(
  state: RunState,
  { step, changes }: { step: number; changes: Partial<RunConfig> },
  lists: Lists,
): RunState {
  if (!state.config) return state;
  const after = differing(state.config, changes);
  const names = Object.keys(after) as (keyof RunConfig)[];
  if (names.length === 0) return state;
  const before = Object.fromEntries(names.map((name) => [name, state.config?.[name]])) as Partial<RunConfig>;
  const config = { ...state.config, ...after };
  return { ...state, config, changes: lists.append(state.changes, { step, before, after }) };
}

const differing = (config: RunConfig, wanted: Partial<RunConfig>): Partial<RunConfig> =>
  Object.fromEntries(Object.entries(wanted).filter(([name, value]) => config[name as keyof RunConfig] !== value));

const rolloutsOf = (state: RunState): number =>
  (state.steps.at(-1)?.tasks.length ?? 0) * (state.config?.rolloutsPerTask ?? 0);

/** Groups come soon after their tasks. */
const newestSteps = 64;

function withNewest(
  lists: Lists,
  steps: readonly StepRecord[],
  step: number,
  change: (record: StepRecord) => StepRecord,
): readonly StepRecord[] {
  for (let index = steps.length - 1; index >= Math.max(0, steps.length - newestSteps); index--) {
    const record = steps[index];
    if (record?.step === step) return lists.replace(steps, index, change(record));
  }
  return steps;
}
