import type { Metrics, TrainEvent } from "../../train/events.ts";

/** What a step or an evaluation reached. Accuracy is absent where nothing was judged. */
interface Reached {
  step: number;
  accuracy?: number;
  zoomRate?: number;
  reward?: number;
  /** Calls that were carried out, mean over rollouts. Absent in what was stored before it was counted. */
  calls?: number;
  /** What the tool turned right and wrong; only where evaluations measured it (the knob evalCausal). */
  gain?: number;
  harm?: number;
}

/** The result of a run, counted event by event: what a list of runs shows without reading logs. Plain data, to be stored. */
export interface RunSummary {
  /** Changes where the meaning of a field does, so that what was stored is counted again. */
  version: 1;
  /** The graphics card that it went on with last; empty before it began. */
  device: string;
  step: number;
  /** The last steps, at most `window`. */
  recent: readonly Reached[];
  /** The best mean accuracy of so many steps in a row, and the last of them. */
  bestTrained: { step: number; accuracy: number } | null;
  /** The last sampled evaluation on held-out tasks, and the best one; null where there was none. */
  evaluated: Reached | null;
  bestEvaluated: { step: number; accuracy: number } | null;
  /** Of all steps, without pauses. */
  trainedMs: number;
  end: "done" | "stopped" | "failed" | null;
}

/** Steps of which accuracy, zoom rate and reward are the mean: one step has few rollouts. */
export const window = 10;

export const noSummary: RunSummary = {
  version: 1,
  device: "",
  step: 0,
  recent: [],
  bestTrained: null,
  evaluated: null,
  bestEvaluated: null,
  trainedMs: 0,
  end: null,
};

/** The summary after one more event. Pure. */
export function withEvent(summary: RunSummary, event: TrainEvent): RunSummary {
  switch (event.type) {
    case "run": {
      const { adapter: device, resumedAt: step } = event;
      if (step === 0) return { ...noSummary, device };
      // What came after the checkpoint is made again.
      return { ...summary, device, step, end: null, recent: summary.recent.filter((made) => made.step <= step) };
    }
    case "update": {
      const { step, durationMs } = event;
      const recent = [...summary.recent, reached(step, event.metrics)].slice(-window);
      const accuracy = meanOf(recent, "accuracy");
      // Of fewer steps the mean would be luckier than that of a whole window.
      const before = summary.recent.length < window ? null : summary.bestTrained;
      return {
        ...summary,
        step,
        recent,
        bestTrained: accuracy === null ? summary.bestTrained : better(before, { step, accuracy }),
        trainedMs: summary.trainedMs + durationMs,
      };
    }
    case "eval": {
      if (event.greedy) return summary;
      const point = reached(event.step, event.metrics);
      const { step, accuracy } = point;
      return {
        ...summary,
        evaluated: point,
        bestEvaluated:
          accuracy === undefined ? summary.bestEvaluated : better(summary.bestEvaluated, { step, accuracy }),
      };
    }
    case "end":
      return { ...summary, end: event.reason };
    default:
      return summary;
  }
}

/** The same for lines of a log; those that say nothing about the result are not parsed. */
export function withLines(summary: RunSummary, text: string): RunSummary {
  let after = summary;
  for (const line of text.split("\n")) {
    if (!/^\{"type":"(update|run|eval|end)"/.test(line)) continue;
    try {
      after = withEvent(after, JSON.parse(line) as TrainEvent);
    } catch {
      // A line that was cut off; whoever opens the log says so.
    }
  }
  return after;
}

/** What a run reached, in numbers for a table; null where it is not known. */
export interface RunResult {
  accuracy: number | null;
  /** The best one on its way, and after which step. */
  best: { step: number; accuracy: number } | null;
  zoomRate: number | null;
  /** Calls a rollout that were carried out. */
  calls: number | null;
  /** Probability that the tool turns a wrong answer into a right one, and a right one into a wrong one. */
  gain: number | null;
  harm: number | null;
  reward: number | null;
  /** Of its steps, evaluations and pauses left out. */
  seconds: number;
  /** The graphics card that it went on with last. */
  device: string;
  /** True: by its evaluations on held-out tasks, sampled. False: the mean of the last `window` steps. */
  isHeldOut: boolean;
}

export function resultOf(summary: RunSummary): RunResult {
  const { recent, evaluated, bestEvaluated, bestTrained, device } = summary;
  const seconds = summary.trainedMs / 1000;
  if (evaluated)
    return {
      accuracy: evaluated.accuracy ?? null,
      best: bestEvaluated,
      zoomRate: evaluated.zoomRate ?? null,
      calls: evaluated.calls ?? null,
      gain: evaluated.gain ?? null,
      harm: evaluated.harm ?? null,
      reward: evaluated.reward ?? meanOf(recent, "reward"),
      seconds,
      device,
      isHeldOut: true,
    };
  return {
    accuracy: meanOf(recent, "accuracy"),
    best: bestTrained,
    zoomRate: meanOf(recent, "zoomRate"),
    calls: meanOf(recent, "calls"),
    gain: null,
    harm: null,
    reward: meanOf(recent, "reward"),
    seconds,
    device,
    isHeldOut: false,
  };
}

function reached(step: number, metrics: Metrics): Reached {
  const { accuracy, zoom_rate: zoomRate, reward, calls_ok: calls } = metrics;
  const { "causal/gain": gain, "causal/harm": harm } = metrics;
  return {
    step,
    ...(accuracy !== undefined && { accuracy }),
    ...(zoomRate !== undefined && { zoomRate }),
    ...(reward !== undefined && { reward }),
    ...(calls !== undefined && { calls }),
    ...(gain !== undefined && { gain }),
    ...(harm !== undefined && { harm }),
  };
}

function meanOf(points: readonly Reached[], key: "accuracy" | "zoomRate" | "reward" | "calls"): number | null {
  const values = points.flatMap((point) => point[key] ?? []);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

const better = (before: { step: number; accuracy: number } | null, now: { step: number; accuracy: number }) =>
  before === null || now.accuracy > before.accuracy ? now : before;
