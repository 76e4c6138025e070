import type { End, Reward, Rollout } from "../agent/rollout.ts";
import { tokensOfAll } from "../agent/rollouts_elsewhere.ts";
import { builtInTools } from "../agent/tools/table.ts";
import { callFaults, type OutcomeText, type Tool } from "../agent/tools/tool.ts";
import { zoom } from "../agent/tools/zoom.ts";
import { knownParts } from "../reward/rewards/table.ts";
import type { Task } from "../tasks/task.ts";
import { hasVariance, standardDeviation } from "./advantage.ts";
import { type CausalMetricName, causalMetricTable } from "./causal_summary.ts";
import type { Metrics } from "./events.ts";
import { type ResamplingMetricName, resamplingMetricTable } from "./resampled_calls.ts";

/** How a metric is shown to people. */
export interface MetricEntry {
  label: string;
  /** "share" is 0 to 1. */
  unit: "share" | "source px" | "tokens" | "nats" | "reward" | "calls" | "turns";
  line: string;
}

/** A mean for each part of a reward, by the names that rewards declare. */
const partMetrics: Readonly<Record<`reward/${string}`, MetricEntry>> = Object.fromEntries(
  Array.from(knownParts.values(), ({ name, help }) => [
    `reward/${name}`,
    { label: `Reward: ${name}`, unit: "reward", line: `mean of ${help}` },
  ]),
);

/** The ways in which a call of these tools can fail. */
const outcomesOf = (tools: readonly Tool[]): Record<string, OutcomeText> =>
  Object.assign({ ...callFaults }, ...tools.map(({ outcomes }) => outcomes));

const callErrors: Record<`call_error/${string}`, MetricEntry> = Object.fromEntries(
  Object.entries(outcomesOf(builtInTools)).map(([outcome, { label, line }]) => [
    `call_error/${outcome}`,
    { label: `Failed calls: ${label}`, unit: "calls", line: `${line}, mean over rollouts` },
  ]),
);

const ownMetrics = {
  accuracy: { label: "Accuracy", unit: "share", line: "right answers among the rollouts with a verdict" },
  zoom_rate: { label: "Zoom rate", unit: "share", line: "rollouts with a zoom that was carried out" },
  accuracy_with_zoom: {
    label: "Accuracy with zoom",
    unit: "share",
    line: "right answers among rollouts with a verdict that zoomed",
  },
  accuracy_without_zoom: {
    label: "Accuracy without zoom",
    unit: "share",
    line: "right answers among rollouts with a verdict that did not zoom",
  },
  reward: { label: "Reward", unit: "reward", line: "mean of the scored rollouts" },
  reward_std: { label: "Reward: spread", unit: "reward", line: "standard deviation over the scored rollouts" },
  reward_group_std: {
    label: "Reward: spread in groups",
    unit: "reward",
    line: "standard deviation over the scored rollouts of one task, mean over tasks: what is learned from",
  },
  reward_min: { label: "Reward: smallest", unit: "reward", line: "smallest of the scored rollouts" },
  reward_max: { label: "Reward: largest", unit: "reward", line: "largest of the scored rollouts" },
  ...partMetrics,
  format_rate: { label: "Good format", unit: "share", line: "rollouts that ended with a well-formed answer" },
  iou: { label: "IoU", unit: "share", line: "overlap of crop and gold box, mean over zooms on a marked picture" },
  target_in_crop: {
    label: "Target in crop",
    unit: "share",
    line: "such zooms that show the whole gold box, but for less than 12 px a side",
  },
  legible_rate: {
    label: "Answer legible in crop",
    unit: "share",
    line: "pictures of tools in which the reader (knob reader) reads the right answer",
  },
  crop_side_px: { label: "Crop side", unit: "source px", line: "longer side of what was cut out, mean over zooms" },
  response_tokens: {
    label: "Response length",
    unit: "tokens",
    line: "tokens that the model wrote, mean over rollouts",
  },
  entropy: {
    label: "Entropy",
    unit: "nats",
    line: "of the distributions that the model's tokens were sampled from, mean over tokens",
  },
  zero_variance_groups: {
    label: "Groups without variance",
    unit: "share",
    line: "groups whose rewards are all equal, so that nothing is learned from them",
  },
  calls_requested: {
    label: "Calls written",
    unit: "calls",
    line: "tool calls that the model wrote, one beyond the allowed number included, mean over rollouts",
  },
  calls_executed: {
    label: "Calls handed over",
    unit: "calls",
    line: "tool calls that the tool was given, whatever came of them, mean over rollouts",
  },
  calls_ok: { label: "Calls carried out", unit: "calls", line: "tool calls that were carried out, mean over rollouts" },
  num_turns: {
    label: "Turns",
    unit: "turns",
    line: "the prompt, each turn of the model and each answer of a tool, mean over rollouts",
  },
  turns_formula_holds: {
    label: "Turns match calls",
    unit: "share",
    line: "rollouts with as many calls written as turns / 2 - 1; not where a call got no answer (the last turn, a bad call that ends, no space left) or one answer stands for several calls",
  },
  truncated: { label: "Truncated", unit: "share", line: "rollouts that ran out of tokens or turns" },
  unscored: { label: "Unscored", unit: "share", line: "rollouts without a reward, which nothing is learned from" },
  "end/answer": { label: "Ended: answer", unit: "share", line: "rollouts that ended with an answer" },
  "end/malformed": {
    label: "Ended: malformed",
    unit: "share",
    line: "rollouts that ended with neither an exact answer nor a good call",
  },
  "end/length": { label: "Ended: length", unit: "share", line: "rollouts cut off before the turn was closed" },
  "end/turns": { label: "Ended: turns", unit: "share", line: "rollouts that called once more than allowed" },
  "end/error": {
    label: "Ended: error",
    unit: "share",
    line: "rollouts that a tool, or something else around the model, failed",
  },
} as const satisfies Record<string, MetricEntry> & Record<`end/${End}`, MetricEntry>;

/** Every name that `stepMetrics`, calls that are sampled again and evaluations may give, but for outcomes of tools that are not built in. */
export const metricTable: Record<MetricName | CausalMetricName | ResamplingMetricName, MetricEntry> = {
  ...ownMetrics,
  ...callErrors,
  ...resamplingMetricTable,
  ...causalMetricTable,
};

export type MetricName = keyof typeof ownMetrics | keyof typeof callErrors;

/**
 * The numbers of one step (or evaluation). `rollouts[i]` are the attempts at `tasks[i]`, with these tools offered. A mean over nothing is left
 * out rather than given as 0, and continuations of rollouts (resampled_calls.ts) count in none: accuracy_with_zoom where no rollout zoomed, zero_variance_groups where no group has two scores.
 */
export function stepMetrics(
  tasks: readonly Task[],
  rollouts: readonly (readonly Rollout[])[],
  tools: readonly Tool[] = [zoom],
): Metrics {
  // What continues another rollout says what follows a call that was begun, not what the model does by itself.
  const groups = rollouts.map((group) => group.filter(({ continues }) => !continues));
  const all = groups.flat();
  const scored = all.flatMap((rollout) => (rollout.reward ? [rollout.reward] : []));
  const totals = scored.map(({ total }) => total);
  // A reward that is paid without a verdict says nothing about accuracy.
  const judged = all.flatMap((rollout) =>
    rollout.reward && rollout.unjudged === undefined ? [{ zoomed: zoomed(rollout), right: rollout.reward.right }] : [],
  );
  const withZoom = judged.filter((one) => one.zoomed);
  const withoutZoom = judged.filter((one) => !one.zoomed);
  const modelSegments = all.map((rollout) => rollout.segments.filter((segment) => segment.source === "model"));
  // A loop: they are as many as the tokens of a step.
  const entropies: number[] = [];
  for (const segments of modelSegments)
    for (const { entropies: own } of segments) for (let i = 0; i < own.length; i++) entropies.push(own[i]!);
  const zooms = groups.flatMap((group, i) =>
    group.flatMap((rollout) =>
      // A rotation is carried out too, and has no box.
      rollout.calls.flatMap(({ outcome, boxSourcePx, imageIndex, iou }) =>
        outcome === "ok" && boxSourcePx
          ? [{ box: boxSourcePx, iou, gold: imageIndex === 0 ? tasks[i]!.goldBoxSourcePx : undefined }]
          : [],
      ),
    ),
  );
  const marked = zooms.flatMap(({ box, gold, iou }) => (gold && iou !== undefined ? [{ box, gold, iou }] : []));
  const compared = groups.filter((group) => group.filter(({ reward }) => reward).length >= 2);
  const calls = all.flatMap((rollout) => rollout.calls);
  const outcomes = new Set([...Object.keys(outcomesOf(tools)), ...calls.map(({ outcome }) => outcome)]);
  outcomes.delete("ok");
  const none = new Array<number>(all.length).fill(0);
  const came = new Set(calls.map(({ outcome }) => outcome));
  const callsThatCame = (outcome: string) =>
    came.has(outcome) ? all.map((rollout) => rollout.calls.filter((call) => call.outcome === outcome).length) : none;

  const means: Record<MetricName, readonly (number | boolean)[]> = {
    accuracy: judged.map((one) => one.right),
    zoom_rate: all.map(zoomed),
    accuracy_with_zoom: withZoom.map((one) => one.right),
    accuracy_without_zoom: withoutZoom.map((one) => one.right),
    reward: totals,
    reward_std: totals.length < 2 ? [] : [standardDeviation(totals)],
    reward_group_std: compared.map((group) =>
      standardDeviation(group.flatMap(({ reward }) => (reward ? [reward.total] : []))),
    ),
    reward_min: extreme(Math.min, totals),
    reward_max: extreme(Math.max, totals),
    ...Object.fromEntries(
      partsIn(scored).map((part) => [`reward/${part}`, scored.map(({ parts }) => parts[part] ?? 0)]),
    ),
    format_rate: all.map((rollout) => rollout.end === "answer"),
    iou: marked.map(({ iou }) => iou),
    target_in_crop: marked.map(
      ({ box, gold }) =>
        box[0] < gold[0] + 12 && box[1] < gold[1] + 12 && box[2] > gold[2] - 12 && box[3] > gold[3] - 12,
    ),
    legible_rate: calls.flatMap(({ legible }) => legible ?? []),
    crop_side_px: zooms.map(({ box }) => Math.max(box[2] - box[0], box[3] - box[1])),
    response_tokens: modelSegments.flatMap((segments) => tokensOfAll(segments) ?? []),
    entropy: entropies,
    zero_variance_groups: compared.map((group) => !hasVariance(group)),
    calls_requested: all.map(callsWritten),
    calls_executed: all.map((rollout) => rollout.calls.length),
    calls_ok: callsThatCame("ok"),
    ...Object.fromEntries([...outcomes].map((outcome) => [`call_error/${outcome}`, callsThatCame(outcome)])),
    num_turns: all.map(turnsOf),
    turns_formula_holds: all.map((rollout) => callsWritten(rollout) === turnsOf(rollout) / 2 - 1),
    truncated: all.map((rollout) => rollout.end === "length" || rollout.end === "turns"),
    unscored: all.map((rollout) => rollout.reward === null),
    "end/answer": all.map((rollout) => rollout.end === "answer"),
    "end/malformed": all.map((rollout) => rollout.end === "malformed"),
    "end/length": all.map((rollout) => rollout.end === "length"),
    "end/turns": all.map((rollout) => rollout.end === "turns"),
    "end/error": all.map((rollout) => rollout.end === "error"),
  };
  const metrics: Metrics = {};
  for (const [name, values] of Object.entries(means)) if (values.length > 0) metrics[name] = mean(values);
  return metrics;
}

/** The parts of some rewards; those of DeepEyes' formula always, so that a curve of a run has a value at every step. */
const partsIn = (rewards: readonly Reward[]): string[] =>
  // The distance to the starting model ("kl") has a metric of its own.
  [...new Set(["answer", "format", "zoom", ...rewards.flatMap(({ parts }) => Object.keys(parts))])].filter(
    (part) => part !== "kl",
  );

/** Tool calls that the model wrote. One beyond the allowed number ends the rollout and is not among its calls. */
export const callsWritten = ({ calls, end }: Rollout): number => calls.length + (end === "turns" ? 1 : 0);

/** verl's num_turns: the prompt, each turn of the model and each answer of a tool. */
export const turnsOf = ({ segments }: Rollout): number => segments.length;

function zoomed(rollout: Rollout): boolean {
  return rollout.calls.some((call) => call.outcome === "ok");
}

/** As a list, empty where there is none. A step may have more rollouts than a call has arguments. */
const extreme = (of: (a: number, b: number) => number, values: readonly number[]): number[] =>
  values.length === 0 ? [] : [values.reduce((a, b) => of(a, b))];

function mean(values: readonly (number | boolean)[]): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Number(values[i]);
  return sum / values.length;
}
