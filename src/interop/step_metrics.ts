import type { Rollout } from "../agent/rollout.ts";
import { standardDeviation } from "../train/advantage.ts";
import { type CreditSettings, creditsCalls, tokenAdvantages } from "../train/call_credit.ts";
import type { Metrics } from "../train/events.ts";
import type { RunConfig } from "../train/knobs.ts";

/** What a log knows of a finished step. */
export interface StepFacts {
  /** (tasks, rolloutsPerTask), scored, with advantages; those that continue others among them. */
  rollouts: readonly (readonly Rollout[])[];
  /** The step's own metrics (src/train/metrics.ts), those of its update among them (src/train/update.ts). */
  metrics: Metrics;
  timings: { rollMs: number; updateMs: number; durationMs: number };
  /** The most of the GPU's memory that was held until the step's end; absent where it was not counted. */
  peakMemoryBytes?: number;
  limits: Pick<RunConfig, "responseTokens" | "maxPromptTokens">;
  /** What calls are given of the advantages; absent: they are the rollouts' own. */
  credit?: CreditSettings;
  /** Tokens of all steps before this one; absent where they were not counted. */
  tokensBefore?: number;
}

/** A step as lists of which most metrics are a mean, maximum or minimum. One number a rollout unless said otherwise. */
export interface StepLists {
  facts: StepFacts;
  /** Without those that continue others, which our own metrics leave out too (src/train/metrics.ts). */
  all: readonly Rollout[];
  /** Of the scored rollouts, without the charge for the distance to the starting model. */
  scores: number[];
  /** Of the scored rollouts. */
  rewards: number[];
  /** Of the rollouts with an advantage; verl's mean is over tokens, so each counts for as many as have it. */
  advantages: { value: number; tokens: number }[];
  promptTokens: number[];
  modelTokens: number[];
  toolTokens: number[];
  /** Tokens after the prompt: the model's and the tools'. */
  responseTokens: number[];
  /** One number a token of the model. */
  entropies: number[];
  /** Of all rollouts, and of continuations what they were sampled; absent where the log has no rollouts of the step. */
  totalTokens: number | undefined;
}

/** One metric under the name that another trainer logs it by: a line for people, and its formula; undefined where it has no value. */
export interface NamedMetric {
  line: string;
  of: (step: StepLists) => number | undefined;
}

export type MetricNames = Record<string, NamedMetric>;

export const metric = (line: string, of: NamedMetric["of"]): NamedMetric => ({ line, of });

export const meanOf = (line: string, list: (step: StepLists) => readonly number[]): NamedMetric =>
  metric(line, (step) => mean(list(step)));

/** mean, max and min of one list, joined to its name by `joint`. */
export const spread = (
  name: string,
  line: string,
  list: (step: StepLists) => readonly number[],
  joint = "/",
): MetricNames => ({
  [`${name}${joint}mean`]: meanOf(`mean of ${line}`, list),
  [`${name}${joint}max`]: metric(`largest of ${line}`, (step) => extreme(Math.max, list(step))),
  [`${name}${joint}min`]: metric(`smallest of ${line}`, (step) => extreme(Math.min, list(step))),
});

/** One of our own metrics under another name. */
export const own = (name: string, line: string): NamedMetric => metric(line, ({ facts }) => facts.metrics[name]);

export const seconds = (line: string, name: keyof StepFacts["timings"]): NamedMetric =>
  metric(line, ({ facts }) => facts.timings[name] / 1000);

/** The values of a table; a metric without one, such as a mean over nothing, is left out. */
export function valuesOf(table: MetricNames, step: StepLists): Metrics {
  const metrics: Metrics = {};
  for (const [name, { of }] of Object.entries(table)) {
    const value = of(step);
    if (value !== undefined) metrics[name] = value;
  }
  return metrics;
}

export function listsOf(facts: StepFacts): StepLists {
  const every = facts.rollouts.flat();
  const all = every.filter(({ continues }) => !continues);
  const scored = all.flatMap(({ reward }) => (reward ? [reward] : []));
  const promptTokens = all.map((rollout) => tokensFrom(rollout, "prompt"));
  const modelTokens = all.map((rollout) => tokensFrom(rollout, "model"));
  const toolTokens = all.map((rollout) => tokensFrom(rollout, "tool"));
  const responseTokens = all.map((rollout) => tokensFrom(rollout, "model") + tokensFrom(rollout, "tool"));
  return {
    facts,
    all,
    scores: scored.map(({ total, parts }) => total - (parts.kl ?? 0)),
    rewards: scored.map(({ total }) => total),
    advantages: all.flatMap((rollout) => {
      if (rollout.advantage === null) return [];
      if (facts.credit && creditsCalls(facts.credit))
        return tokenAdvantages(rollout, facts.credit).map((value) => ({ value, tokens: 1 }));
      return [{ value: rollout.advantage, tokens: tokensFrom(rollout, "model") }];
    }),
    promptTokens,
    modelTokens,
    toolTokens,
    responseTokens,
    entropies: all.flatMap(({ segments }) =>
      segments.flatMap(({ source, entropies }) => (source === "model" ? entropies : [])),
    ),
    totalTokens: all.length > 0 ? sum(promptTokens) + sum(responseTokens) + sum(every.map(continuedTokens)) : undefined,
  };
}

const tokensFrom = ({ segments }: Rollout, source: "prompt" | "model" | "tool"): number =>
  sum(segments.map((segment) => (segment.source === source ? segment.tokens.length : 0)));

/** Tokens behind those that a rollout has from another; 0 where it has none from another. */
const continuedTokens = ({ segments, continues }: Rollout): number =>
  continues ? Math.max(0, sum(segments.map(({ tokens }) => tokens.length)) - continues.token) : 0;

/** Calls that gave a picture. */
export const callsOk = ({ calls }: Rollout): number => calls.filter(({ outcome }) => outcome === "ok").length;

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export const ratio = (value: number | undefined, by: number | undefined): number | undefined =>
  value === undefined || by === undefined || by === 0 ? undefined : value / by;

const mean = (values: readonly number[]): number | undefined => ratio(sum(values), values.length);

export const deviation = (values: readonly number[]): number | undefined =>
  values.length < 2 ? undefined : standardDeviation(values);

export const extreme = (of: (a: number, b: number) => number, values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((a, b) => of(a, b));
