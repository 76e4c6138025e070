import type { Metrics } from "./events.ts";
import type { MetricEntry } from "./metrics.ts";
import type { Sight } from "./sight.ts";
import { type AnswerProbabilities, counterfactuals, type ZoomWorth } from "./zoom_worth.ts";

/** Means over the rollouts that answered; absent where none of the kind did. */
export interface CausalSummary {
  /** Rollouts that were looked at, that answered, and of those the ones that got a picture from a tool. */
  rollouts: number;
  answered: number;
  called: number;
  /** Of the rollouts that got a picture: probabilities of the task's and of the given answer. */
  gold?: AnswerProbabilities;
  given?: AnswerProbabilities;
  /** Of all that answered: probability of the task's answer as the rollout is, and right after the prompt. */
  withTool?: number;
  withoutTool?: number;
  /** Of all that answered: probability that the tool turns a wrong answer into a right one, both answers sampled ... */
  gain?: number;
  /** ... and a right one into a wrong one (arXiv 2602.01334). */
  harm?: number;
  /** Whether the learner sees the pictures; of the first rollouts only. */
  sight?: Sight;
}

/** Means over what was measured in `rollouts` rollouts. */
export function summarizeWorths(worths: readonly ZoomWorth[], rollouts: number): CausalSummary {
  const called = worths.filter((worth) => worth.called);
  const counts = { rollouts, answered: worths.length, called: called.length };
  if (worths.length === 0) return counts;
  const ofAll = (value: (worth: ZoomWorth) => number) => mean(worths.map(value));
  const ofCalled = (answer: "gold" | "given"): AnswerProbabilities => {
    const means = counterfactuals.flatMap((one) => {
      const values = called.flatMap((worth) => worth[answer][one] ?? []);
      return values.length > 0 ? [[one, mean(values)] as const] : [];
    });
    return Object.fromEntries(means) as AnswerProbabilities;
  };
  /** Of a rollout that is the same without its calls, nothing is gained and nothing lost. */
  const gainOf = (worth: ZoomWorth, from: "tool" | "none", to: "tool" | "none") =>
    worth.called || worth.gold.tool !== worth.gold.none ? worth.gold[to] * (1 - worth.gold[from]) : 0;
  return {
    ...counts,
    ...(called.length > 0 && { gold: ofCalled("gold"), given: ofCalled("given") }),
    withTool: ofAll(({ gold }) => gold.tool),
    withoutTool: ofAll(({ gold }) => gold.none),
    gain: ofAll((worth) => gainOf(worth, "none", "tool")),
    harm: ofAll((worth) => gainOf(worth, "tool", "none")),
  };
}

/** Curves of a run's evaluations: means over the rollouts that answered. */
export const causalMetricTable = {
  "causal/with_tool": {
    label: "Right as they are",
    unit: "share",
    line: "probability of the task's answer in the rollouts that answered, as they are",
  },
  "causal/without_tool": {
    label: "Right without a call",
    unit: "share",
    line: "probability of the task's answer right after the prompt, in the same rollouts",
  },
  "causal/gain": { label: "Tool: gain", unit: "share", line: "right with the tool and wrong without" },
  "causal/harm": { label: "Tool: harm", unit: "share", line: "wrong with the tool and right without" },
  "causal/blank": {
    label: "Right with grey",
    unit: "share",
    line: "probability of the task's answer with grey in place of the tools' pictures, rollouts that have some",
  },
  "causal/right_anyway": {
    label: "Right anyway",
    unit: "share",
    line: "probability of the task's answer without the call, in rollouts that called a tool",
  },
  "causal/blind_loss": {
    label: "Loss without pixels",
    unit: "nats",
    line: "by how much the loss of a token that the model wrote rises with grey in place of all pictures; 0: the learner does not see",
  },
} as const satisfies Record<string, MetricEntry>;

export type CausalMetricName = keyof typeof causalMetricTable;

/** What a summary adds to the metrics of an evaluation; what was not measured is left out. */
export function causalMetrics({ withTool, withoutTool, gain, harm, gold, sight }: CausalSummary): Metrics {
  const values: Record<CausalMetricName, number | undefined> = {
    "causal/with_tool": withTool,
    "causal/without_tool": withoutTool,
    "causal/gain": gain,
    "causal/harm": harm,
    "causal/blank": gold?.blank,
    "causal/right_anyway": gold?.none,
    "causal/blind_loss": sight && sight.blankLoss - sight.loss,
  };
  const metrics: Metrics = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) metrics[name] = value;
  return metrics;
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
