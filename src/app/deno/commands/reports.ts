import type { Rollout } from "../../../agent/rollout.ts";
import { callSummary } from "../../../agent/tools/table.ts";
import type { Task } from "../../../tasks/task.ts";
import type { Metrics, TrainEvent, WarmupEvent } from "../../../train/events.ts";
import { type MetricName, metricTable } from "../../../train/metrics.ts";
import { continuationWords } from "../../text/continuation_words.ts";
import { visible } from "../command_line/terminal.ts";

/**
 * The line for an event, null for those that are only counted.
 * @param left  how long the rest will take, empty where that is not known
 */
export function eventLine(event: TrainEvent | WarmupEvent, steps: number, left = ""): string | null {
  const ahead = left === "" ? "" : `  ${left}`;
  switch (event.type) {
    case "run":
      return `${event.model.name} (${event.model.parameters.toLocaleString("en")} parameters) on ${event.adapter}${event.resumedAt > 0 ? `, going on after step ${event.resumedAt}` : ""}`;
    case "update":
      return `step ${String(event.step).padStart(String(steps).length)}/${steps}  ${metricsLine(event.metrics, ["reward", "accuracy", "zoom_rate", "entropy"])}${calls(event.metrics)}${unjudged(event.metrics)}  ${seconds(event.durationMs)} (roll ${seconds(event.rollMs)}, update ${seconds(event.updateMs)})${ahead}`;
    case "eval":
      return `held-out after step ${event.step}: ${metricsLine(event.metrics, ["accuracy", "zoom_rate"])}${calls(event.metrics)}${unjudged(event.metrics)} on ${event.tasks} tasks, ${event.greedy ? "greedy" : "sampled"}  ${seconds(event.durationMs)}`;
    case "warmup":
      return `${event.stage} ${event.step}/${event.steps}  loss ${event.loss.toFixed(4)}  ${seconds(event.durationMs)}${ahead}`;
    case "checkpoint":
      return `checkpoint of step ${event.step} in ${event.path}`;
    case "alarm":
      return `! ${visible(event.message)}`;
    case "end":
      return event.message
        ? `${event.reason} after step ${event.step}: ${visible(event.message)}`
        : `${event.reason} after step ${event.step}`;
    default:
      return null;
  }
}

/** What happens within a step, for the line that is written over; null for events that say nothing about it. */
export function withinStep(event: TrainEvent): string | null {
  if (event.type === "decode")
    return `${event.again ? "calls sampled again, " : ""}turn ${event.turn}: ${event.tokens} tokens, ${event.waiting} rollouts still write`;
  if (event.type === "group") return `group ${event.taskIndex + 1} is scored`;
  return null;
}

function metricsLine(metrics: Metrics, names: readonly MetricName[]): string {
  // That nothing was judged is worth a word; a missing entropy is not.
  const known = names.filter((name) => metrics[name] !== undefined || name === "accuracy");
  return known
    .map((name) => `${metricTable[name]?.label.toLowerCase() ?? name} ${metrics[name]?.toFixed(3) ?? "none judged"}`)
    .join("  ");
}

/** Calls a rollout, where some rollouts made several: the zoom rate tells only whether there was one. */
const calls = ({ calls_executed: made = 0, zoom_rate: zoomed = 0 }: Metrics): string =>
  made > zoomed + 0.005 ? `  calls ${made.toFixed(2)}` : "";

/** How many answers have no verdict, empty where all have one. */
const unjudged = ({ "judge/failed": failed = 0, "judge/asked": asked }: Metrics): string =>
  failed > 0 ? `  ${failed} of ${asked} answers without a verdict` : "";

const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 2 : 1)} s`;

/** All metrics of two evaluations side by side; `what` says what was asked, "6 held-out rows". */
export function evaluationTable(sampled: Metrics, greedy: Metrics, tasks: number, what: string): string[] {
  const isShown = (name: string) => name in sampled || name in greedy || name === "accuracy";
  const shown = Object.entries(metricTable).filter(([name]) => isShown(name));
  const width = Math.max(...shown.map(([, { label }]) => label.length));
  const cell = (value: number | undefined) => (value === undefined ? "-" : value.toFixed(3)).padStart(9);
  return [
    `${"".padEnd(width)}${"sampled".padStart(9)}${"greedy".padStart(9)}`,
    ...shown.map(([name, { label, unit }]) => {
      const none = name === "accuracy" && !(name in sampled && name in greedy) ? "  (-: none judged)" : "";
      return `${label.padEnd(width)}${cell(sampled[name])}${cell(greedy[name])}${unit === "share" ? none : `  ${unit}`}`;
    }),
    ...(
      [
        ["sampled", sampled],
        ["greedy", greedy],
      ] as const
    ).flatMap(([how, metrics]) => (unjudged(metrics) === "" ? [] : [`${how}:${unjudged(metrics)}`])),
    `${what}; the standard error of a share over all of them is at most ${(0.5 / Math.sqrt(tasks)).toFixed(3)}`,
  ];
}

/** A task with its rollouts, word for word. */
export function rolloutLines(
  task: Task,
  rollouts: readonly Rollout[],
  texts: (tokens: readonly number[]) => string[],
): string[] {
  const lines = [`${visible(task.id)}: ${visible(task.question)} (${visible(task.answer)})`];
  for (const rollout of rollouts) {
    const continuation = continuationWords(rollout);
    const reward =
      rollout.unjudged !== undefined
        ? `no verdict${rollout.reward ? `, reward ${rollout.reward.total.toFixed(2)}` : ""} (${visible(rollout.unjudged)})`
        : rollout.reward
          ? `${rollout.reward.right ? "right" : "wrong"} by ${visible(rollout.reward.verdict)}, reward ${rollout.reward.total.toFixed(2)}`
          : "not scored";
    lines.push(
      `  ${rollout.rolloutIndex}: ${reward}; ended by ${rollout.end}${rollout.error ? ` (${visible(rollout.error)})` : ""}${continuation === null ? "" : `; ${visible(continuation)}`}`,
    );
    rollout.segments.forEach((segment, index) => {
      if (segment.source === "model") lines.push(`     ${visible(texts(segment.tokens).join(""))}`);
      for (const call of rollout.calls.filter((c) => c.segment === index)) {
        lines.push(
          `     -> ${visible(call.outcome === "ok" ? callSummary(call) : `${call.outcome}: ${call.message ?? ""}`)}`,
        );
      }
    });
  }
  return lines;
}
