import { JudgeUnusable } from "../reward/judges/judge_unusable.ts";
import { countsNow, judgeAlarms, judgeMetrics } from "../reward/judges/metrics.ts";
import { onHost, recorded } from "../timeline.ts";
import { Alarms } from "./alarms.ts";
import { usedUp } from "./budgets.ts";
import { causalMetrics } from "./causal_summary.ts";
import { evaluate } from "./evaluation.ts";
import type { TrainEvent } from "./events.ts";
import { grpo, type StepResult } from "./grpo.ts";
import { stepMetrics } from "./metrics.ts";
import type { RolledTasks } from "./rolling.ts";
import type { MadeBefore, Progress, TrainingParts } from "./run_parts.ts";
import { ZoomVerdicts } from "./zoom_verdict.ts";

/**
 * A run of GRPO as events: each step with its metrics, timings, alarms and evaluations. It runs as fast as its
 * events are pulled. Ends as failed, with its weights whole, where the judge refuses all questions, and as stopped, with a
 * message, where a budget is used up.
 * @param before  what was made before
 */
export async function* train(
  parts: TrainingParts,
  from: Progress,
  before: MadeBefore = { steps: [], evaluations: [] },
): AsyncGenerator<TrainEvent, void> {
  let made = from.step;
  try {
    for await (const event of measured(parts, from, before)) {
      if (event.type === "update") made = event.step;
      yield event;
    }
  } catch (error) {
    if (parts.signal?.aborted && error === parts.signal.reason) return;
    if (!(error instanceof JudgeUnusable)) throw error;
    yield { type: "end", step: made, reason: "failed", message: error.message };
  }
}

async function* measured(parts: TrainingParts, from: Progress, before: MadeBefore): AsyncGenerator<TrainEvent, void> {
  const { source, judge } = parts;
  const alarms = new Alarms(parts.reward?.unpaid);
  // Alarms that were raised before the run was interrupted are not raised again.
  for (const metrics of before.steps) alarms.after(metrics);
  /** Alarms about the judge, each of which is raised once. */
  const raised = new Set<string>();
  const verdicts = new ZoomVerdicts(before.evaluations);
  let startedMs = 0;
  let lastMs: number | null = null;
  let judgedBefore = countsNow(judge.counts);
  let usedMs = 0;
  const { evalEvery, evalCausal } = parts.config();
  // What zooming was worth before it may die, which can take a few steps.
  if (evalCausal && evalEvery > 0 && from.step === 0) yield* evaluations(parts, 0, parts.config(), verdicts);
  const measure = ({ tasks, rollouts }: RolledTasks) => {
    parts.learner.prepareNext?.();
    return onHost("metrics", () => stepMetrics(tasks, rollouts, parts.tools));
  };
  for await (const event of grpo(parts, from, measure)) {
    if (event.type === "tasks" && !event.more) {
      startedMs = performance.now();
      judgedBefore = countsNow(judge.counts);
    }
    if (event.type !== "step") {
      yield event;
      continue;
    }
    const { step } = event;
    // No times among them, so that two runs of one seed have the same.
    const metrics = {
      ...event.metrics,
      ...(judge.name === "rules" ? {} : judgeMetrics(judge.counts, judgedBefore)),
      ...source.counts?.(),
    };
    const endedMs = performance.now();
    // With what the one who reads the events did since the step before.
    recorded()?.add("step", `step ${step}`, lastMs ?? startedMs, endedMs);
    lastMs = endedMs;
    yield {
      type: "update",
      step,
      metrics,
      durationMs: endedMs - startedMs,
      rollMs: event.rolledMs - startedMs,
      updateMs: endedMs - event.rolledMs,
      ...(parts.peakMemoryBytes && { peakMemoryBytes: parts.peakMemoryBytes() }),
    };
    for (const message of alarms.after(metrics)) yield { type: "alarm", step, message };
    for (const { name, message } of judgeAlarms(judge.counts, judgedBefore))
      if (!raised.has(name)) {
        raised.add(name);
        yield { type: "alarm", step, message };
      }
    usedMs += endedMs - startedMs;
    const { evalEvery } = event.config;
    if (evalEvery > 0 && step % evalEvery === 0)
      for await (const evaluated of evaluations(parts, step, event.config, verdicts)) {
        if (evaluated.type === "eval") usedMs += evaluated.durationMs;
        yield evaluated;
      }
    const budget = step < parts.config().steps ? usedUp(parts.config(), usedMs, judge.counts) : null;
    if (budget !== null) {
      yield { type: "end", step, reason: "stopped", message: budget };
      return;
    }
  }
  yield { type: "end", step: parts.config().steps, reason: "done" };
}

/** Held-out tasks, sampled and greedy. @param verdicts  gets the metrics of the sampled one */
async function* evaluations(
  parts: TrainingParts,
  step: number,
  { evalEvery, evalTasks, evalCausal }: StepResult["config"],
  verdicts: ZoomVerdicts,
): AsyncGenerator<TrainEvent, void> {
  const { source } = parts;
  for (const greedy of [false, true]) {
    const tasks = await source.heldOut(evalTasks);
    if (tasks.length === 0) {
      const notes = source.heldOutNotes?.() ?? [];
      const why = notes.length > 0 ? ` (${notes.join("; ")})` : "";
      const message = `No evaluation: nothing is held out of the training that could be asked${why}; begin a run with --held-out-rows above 0, or set --eval-every to 0`;
      // Once, and so that a run that was interrupted says it neither twice nor never.
      if (step === evalEvery) yield { type: "alarm", step, message };
      return;
    }
    const startedMs = performance.now();
    const found = await evaluate(parts, tasks, greedy, evalCausal ? parts.probes : undefined);
    const metrics = { ...found.metrics, ...(found.causal && causalMetrics(found.causal)) };
    const durationMs = performance.now() - startedMs;
    yield { type: "eval", step, tasks: tasks.length, greedy, metrics, durationMs };
    if (greedy) continue;
    const verdict = verdicts.after(metrics);
    if (verdict) yield { type: "alarm", step, message: verdict };
  }
}
