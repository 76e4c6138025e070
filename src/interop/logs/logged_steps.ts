import type { Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import type { Metrics, TrainEvent } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { RolloutMark } from "../../train/rollout_mark.ts";
import { listsOf } from "../step_metrics.ts";
import { trlMetrics } from "../trl/metrics.ts";
import { verlMetrics } from "../verl/metrics.ts";

interface OfRun {
  /** The run's name, for people. */
  run: string;
  /** The settings that held; logs of early runs lack some. */
  config: Partial<RunConfig>;
}

/** One finished step of a run, with everything that other programs' logs contain. */
export interface LoggedStep extends OfRun {
  kind: "step";
  /** Counts from 1, as in verl and TRL. */
  step: number;
  /** When it ended, milliseconds since 1970; counted from the run's start by the steps' durations. */
  endedAtMs: number;
  groups: { task: Task; rollouts: Rollout[] }[];
  /** What a person said of them, by id; empty but for logs that were saved with notes. */
  marks: ReadonlyMap<string, RolloutMark>;
  /** Under our names, verl's and TRL's. */
  metrics: Metrics;
}

/** An evaluation on held-out tasks after `step`. */
export interface LoggedEvaluation extends OfRun {
  kind: "evaluation";
  step: number;
  endedAtMs: number;
  greedy: boolean;
  metrics: Metrics;
}

export type Logged = LoggedStep | LoggedEvaluation;

/**
 * Finished steps and evaluations in order. What a step had begun when the run was stopped is left out.
 * @param run  its name, for tables of several
 */
export async function* loggedSteps(events: AsyncIterable<TrainEvent>, run = "run"): AsyncGenerator<Logged> {
  let config: Partial<RunConfig> = {};
  let endedAtMs = 0;
  let tokensBefore: number | undefined = 0;
  let tasks: Task[] = [];
  let groups: LoggedStep["groups"] = [];
  let marks = new Map<string, RolloutMark>();
  for await (const event of events) {
    switch (event.type) {
      case "run":
        config = event.config;
        // The clock of a resumed run is set anew: days may lie between.
        endedAtMs = Date.parse(event.startedAt) || 0;
        break;
      case "config":
        config = { ...config, ...event.changes };
        break;
      case "tasks":
        tasks = event.more ? [...tasks, ...event.tasks] : event.tasks;
        if (event.more) break;
        groups = [];
        marks = new Map();
        break;
      case "group": {
        const task = tasks[event.taskIndex];
        if (!task) throw new Error(`The log has rollouts of step ${event.step} without their tasks; it is damaged`);
        groups.push({ task, rollouts: event.rollouts });
        break;
      }
      case "mark":
        marks.set(event.mark.rollout, event.mark);
        break;
      case "update": {
        endedAtMs += event.durationMs;
        const own = numbers(event.metrics);
        const { responseTokens = 0, maxPromptTokens = 0, callCredit = 0, callRouting = "whole" } = config;
        const lists = listsOf({
          rollouts: groups.map(({ rollouts }) => rollouts),
          metrics: own,
          timings: event,
          peakMemoryBytes: event.peakMemoryBytes,
          limits: { responseTokens, maxPromptTokens },
          credit: { callCredit, callRouting },
          tokensBefore,
        });
        // Our own last: logs of earlier versions have the others' names in their events, with the same values.
        const metrics: Metrics = { ...verlMetrics(lists), ...trlMetrics(lists), ...own };
        // After a step without its rollouts the sum is unknown.
        tokensBefore = metrics.num_tokens;
        yield { kind: "step", run, config, step: event.step, endedAtMs, groups, marks, metrics };
        groups = [];
        marks = new Map();
        break;
      }
      case "eval":
        endedAtMs += event.durationMs;
        yield {
          kind: "evaluation",
          run,
          config,
          step: event.step,
          endedAtMs,
          greedy: event.greedy,
          metrics: numbers(event.metrics),
        };
    }
  }
}

/** JSON has no NaN: it was written as null. */
const numbers = (metrics: Record<string, number | null>): Metrics =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value ?? Number.NaN]));
