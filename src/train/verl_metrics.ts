import type { Rollout } from "../agent/rollout.ts";
import { hasVariance, standardDeviation } from "./advantage.ts";
import type { Metrics } from "./events.ts";
import type { RunConfig } from "./knobs.ts";
import { callsWritten, turnsOf } from "./metrics.ts";

/** What is known of a step once it is over. */
export interface StepFacts {
  /** (tasks, rolloutsPerTask), scored, with advantages. */
  rollouts: readonly (readonly Rollout[])[];
  /** What the update said of itself, under our names (src/train/update.ts). */
  updated: Metrics;
  /** Absent in what must be equal from run to run of one seed. */
  timings?: { rollMs: number; updateMs: number; durationMs: number };
  /** The most of the GPU's memory that was held until the step's end; absent where nobody counted. */
  peakMemoryBytes?: number;
  limits: Pick<RunConfig, "responseTokens" | "maxPromptTokens">;
  /** Tokens of all steps before this one; absent where nobody counted them. */
  tokensBefore?: number;
}

/** A step in lists: what most metrics are a mean, maximum or minimum of. One number a rollout unless said otherwise. */
interface Lists {
  facts: StepFacts;
  all: readonly Rollout[];
  /** Of the scored rollouts, what was charged for the distance to the starting model left out. */
  scores: number[];
  /** Of the scored rollouts. */
  rewards: number[];
  /** Of the rollouts with an advantage; verl's mean is over tokens, so each counts as often as it has model tokens. */
  advantages: { value: number; tokens: number }[];
  promptTokens: number[];
  modelTokens: number[];
  toolTokens: number[];
  /** What the model wrote and what tools answered. */
  responseTokens: number[];
  entropies: number[];
  /** Absent where nothing was rolled, or the rollouts were not kept. */
  totalTokens: number | undefined;
}

/** How one metric of another trainer is taken from a step: for people, and as a formula; undefined where there is none. */
export interface NamedMetric {
  line: string;
  of: (lists: Lists) => number | undefined;
}

type Table = Record<string, NamedMetric>;

const metric = (line: string, of: NamedMetric["of"]): NamedMetric => ({ line, of });
const meanOf = (line: string, list: (lists: Lists) => readonly number[]) => metric(line, (lists) => mean(list(lists)));

/** mean, max and min of one list, joined to its name by `joint`. */
const spread = (name: string, line: string, list: (lists: Lists) => readonly number[], joint = "/"): Table => ({
  [`${name}${joint}mean`]: meanOf(`mean of ${line}`, list),
  [`${name}${joint}max`]: metric(`largest of ${line}`, (lists) => extreme(Math.max, list(lists))),
  [`${name}${joint}min`]: metric(`smallest of ${line}`, (lists) => extreme(Math.min, list(lists))),
});

/** The same over trained tokens. */
const tokenSpread = (name: string, line: string): Table => ({
  ...spread(name, line, ({ advantages }) => advantages.filter(({ tokens }) => tokens > 0).map(({ value }) => value)),
  [`${name}/mean`]: metric(`mean over the model's tokens of ${line}`, ({ advantages }) => {
    const tokens = sum(advantages.map((one) => one.tokens));
    return tokens === 0 ? undefined : sum(advantages.map((one) => one.value * one.tokens)) / tokens;
  }),
});

const updated = (name: string, line: string) => metric(line, ({ facts }) => facts.updated[name]);
const seconds = (line: string, name: keyof NonNullable<StepFacts["timings"]>) =>
  metric(line, ({ facts }) => ratio(facts.timings?.[name], 1000));
const share = (of: (rollout: Rollout) => boolean) => (lists: Lists) => lists.all.map((rollout) => Number(of(rollout)));

/**
 * verl's names (verl/trainer/ppo/metric_utils.py), DeepEyes' own (agent/*, obs_length/*), and calls counted directly.
 * Rollouts without a reward are in no score, reward or advantage.
 */
export const verlMetricTable: Table = {
  ...spread("critic/score", "rewards before a KL is charged, scored rollouts", ({ scores }) => scores),
  ...spread("critic/rewards", "rewards, scored rollouts", ({ rewards }) => rewards),
  ...tokenSpread("critic/advantages", "advantages"),
  ...tokenSpread("critic/returns", "advantages; in GRPO verl's returns are the same"),
  "actor/entropy": meanOf("mean over the model's tokens of the entropies they were drawn from", (l) => l.entropies),
  "actor/pg_loss": updated("policy_loss", "policy loss under loss_agg_mode, mean over updates"),
  "actor/pg_clipfrac": updated("clip_fraction", "share of tokens whose ratio was clipped"),
  "actor/pg_clipfrac_lower": updated("clip_fraction_lower", "share of tokens bounded by the dual clip"),
  "actor/ppo_kl": updated("ppo_kl", "mean over tokens of log-probability when sampled less that in the update"),
  "actor/kl_loss": updated("kl_loss", "KL to the starting model in the loss; only with klLossCoef"),
  "actor/reward_kl_penalty": updated(
    "reward_kl",
    "KL to the starting model charged to the reward; only with klRewardCoef",
  ),
  "actor/reward_kl_penalty_coeff": updated("reward_kl_coef", "what it is charged with"),
  "actor/grad_norm": updated("grad_norm", "norm of the gradient before it is clipped, mean over updates"),
  "actor/lr": updated("learning_rate", "learning rate of the step"),
  ...spread(
    "response_length",
    "tokens after the prompt, tools' answers included as in verl; DeepEyes leaves those out, see obs_length",
    ({ responseTokens }) => responseTokens,
  ),
  "response_length/clip_ratio": meanOf(
    "share of rollouts as long as responseTokens allows, or cut off within a turn where only turns are limited",
    (lists) =>
      lists.facts.limits.responseTokens > 0
        ? lists.responseTokens.map((tokens) => Number(tokens === lists.facts.limits.responseTokens))
        : share(({ end }) => end === "length")(lists),
  ),
  "response/aborted_ratio": meanOf("share of rollouts without a token after the prompt", ({ responseTokens }) =>
    responseTokens.map((tokens) => Number(tokens === 0)),
  ),
  ...spread("prompt_length", "prompt tokens, image tokens included", ({ promptTokens }) => promptTokens),
  "prompt_length/clip_ratio": meanOf("share of prompts as long as maxPromptTokens allows", (lists) =>
    lists.promptTokens.map((tokens) => Number(tokens === lists.facts.limits.maxPromptTokens)),
  ),
  ...spread("num_turns", "turns: the prompt, each turn of the model, each answer of a tool", ({ all }) =>
    all.map(turnsOf),
  ),
  ...spread(
    "agent/tool_call",
    "turns in which a tool was called, failed or not",
    ({ all }) => all.map(({ calls }) => new Set(calls.map((call) => call.segment)).size),
    "_",
  ),
  ...spread("obs_length", "tokens that tools answered", ({ toolTokens }) => toolTokens),
  ...spread("num_tool_calls", "calls that the model wrote, counted one by one", ({ all }) => all.map(callsWritten)),
  "num_tool_calls/executed": meanOf("mean of calls handed to the tool, whatever came of them", ({ all }) =>
    all.map(({ calls }) => calls.length),
  ),
  "num_tool_calls/succeeded": meanOf("mean of calls that gave a picture", ({ all }) => all.map(callsOk)),
  "timing_s/step": seconds("the whole step", "durationMs"),
  "timing_s/gen": seconds("rolling; judging goes on meanwhile", "rollMs"),
  "timing_s/update_actor": seconds("the updates", "updateMs"),
  "timing_per_token_ms/gen": metric("rolling, per token after the prompt", ({ facts, responseTokens }) =>
    ratio(facts.timings?.rollMs, sum(responseTokens)),
  ),
  "timing_per_token_ms/update_actor": metric("the updates, per token", ({ facts, totalTokens }) =>
    ratio(facts.timings?.updateMs, totalTokens),
  ),
  "perf/total_num_tokens": metric("prompts and responses; a prompt counts once a rollout", (l) => l.totalTokens),
  "perf/time_per_step": seconds("the whole step", "durationMs"),
  "perf/throughput": metric("these tokens per second, on one GPU", ({ facts, totalTokens }) =>
    ratio(totalTokens, ratio(facts.timings?.durationMs, 1000)),
  ),
  "perf/max_memory_allocated_gb": metric(
    "GiB of the GPU's memory in buffers at most since the process began; verl's gigabytes are these too",
    ({ facts }) => ratio(facts.peakMemoryBytes, 2 ** 30),
  ),
};

/**
 * TRL's names (GRPOTrainer). Of its clip ratios only the sum can be had: the update does not tell below from above.
 * Beside these, `rewards/<part>/mean` and `rewards/<part>/std` of every part of a reward.
 */
export const trlMetricTable: Table = {
  reward: meanOf("mean of rewards, scored rollouts", ({ rewards }) => rewards),
  reward_std: metric("their standard deviation, over the whole step", ({ rewards }) => deviation(rewards)),
  frac_reward_zero_std: meanOf("share of groups whose rewards are all equal", ({ facts }) =>
    facts.rollouts
      .filter((group) => group.filter(({ reward }) => reward).length >= 2)
      .map((group) => Number(!hasVariance(group))),
  ),
  kl: updated("kl_loss", "KL to the starting model in the loss; only with klLossCoef"),
  entropy: meanOf("mean over the model's tokens of the entropies they were drawn from", ({ entropies }) => entropies),
  loss: updated("loss", "the whole loss, mean over updates"),
  "clip_ratio/region_mean": updated("clip_fraction", "share of tokens whose ratio was clipped, below or above"),
  grad_norm: updated("grad_norm", "norm of the gradient before it is clipped, mean over updates"),
  learning_rate: updated("learning_rate", "learning rate of the step"),
  num_tokens: metric("prompts and what the model wrote, since the run began", ({ facts, promptTokens, modelTokens }) =>
    facts.tokensBefore === undefined || promptTokens.length === 0
      ? undefined
      : facts.tokensBefore + sum(promptTokens) + sum(modelTokens),
  ),
  "completions/mean_length": meanOf("mean of tokens that the model wrote", ({ modelTokens }) => modelTokens),
  "completions/min_length": metric("smallest of these", ({ modelTokens }) => extreme(Math.min, modelTokens)),
  "completions/max_length": metric("largest of these", ({ modelTokens }) => extreme(Math.max, modelTokens)),
  "completions/clipped_ratio": meanOf(
    "share of rollouts that were cut off within a turn",
    share(({ end }) => end === "length"),
  ),
  "tools/call_frequency": meanOf("mean of calls handed to the tool", ({ all }) => all.map(({ calls }) => calls.length)),
  "tools/failure_frequency": metric("share of these that gave no picture", ({ all }) => {
    const calls = sum(all.map((rollout) => rollout.calls.length));
    return calls === 0 ? 0 : 1 - sum(all.map(callsOk)) / calls;
  }),
  step_time: seconds("the whole step", "durationMs"),
};

/** The numbers of a step under verl's names. What cannot be had, such as a mean over nothing, is left out. */
export const verlMetrics = (facts: StepFacts): Metrics => fromTable(verlMetricTable, listsOf(facts));

/** The numbers of a step under TRL's names. */
export function trlMetrics(facts: StepFacts): Metrics {
  const lists = listsOf(facts);
  const rewards = lists.all.flatMap(({ reward }) => (reward ? [reward.parts] : []));
  const names = [...new Set(rewards.flatMap((parts) => Object.keys(parts)))].sort();
  const parts = names.map((name) => {
    const list = rewards.flatMap((of) => (name in of ? [of[name]!] : []));
    const line = `of the part ${name}`;
    return {
      [`rewards/${name}/mean`]: meanOf(line, () => list),
      [`rewards/${name}/std`]: metric(line, () => deviation(list)),
    };
  });
  return fromTable(Object.assign({}, trlMetricTable, ...parts), lists);
}

function fromTable(table: Table, lists: Lists): Metrics {
  const metrics: Metrics = {};
  for (const [name, { of }] of Object.entries(table)) {
    const value = of(lists);
    if (value !== undefined) metrics[name] = value;
  }
  return metrics;
}

function listsOf(facts: StepFacts): Lists {
  const all = facts.rollouts.flat();
  const scored = all.flatMap(({ reward }) => (reward ? [reward] : []));
  const [promptTokens, modelTokens, toolTokens] = (["prompt", "model", "tool"] as const).map((source) =>
    all.map((rollout) => tokensFrom(rollout, source)),
  ) as [number[], number[], number[]];
  const responseTokens = modelTokens.map((tokens, i) => tokens + toolTokens[i]!);
  return {
    facts,
    all,
    scores: scored.map(({ total, parts }) => total - (parts.kl ?? 0)),
    rewards: scored.map(({ total }) => total),
    advantages: all.flatMap(({ advantage }, i) =>
      advantage === null ? [] : [{ value: advantage, tokens: modelTokens[i]! }],
    ),
    promptTokens,
    modelTokens,
    toolTokens,
    responseTokens,
    entropies: all.flatMap(({ segments }) =>
      segments.flatMap(({ source, entropies }) => (source === "model" ? entropies : [])),
    ),
    totalTokens: all.length > 0 ? sum(promptTokens) + sum(responseTokens) : undefined,
  };
}

const tokensFrom = ({ segments }: Rollout, source: "prompt" | "model" | "tool"): number =>
  sum(segments.map((segment) => (segment.source === source ? segment.tokens.length : 0)));

const callsOk = ({ calls }: Rollout): number => calls.filter(({ outcome }) => outcome === "ok").length;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const ratio = (value: number | undefined, by: number | undefined): number | undefined =>
  value === undefined || by === undefined || by === 0 ? undefined : value / by;
const mean = (values: readonly number[]): number | undefined => ratio(sum(values), values.length);
const deviation = (values: readonly number[]): number | undefined =>
  values.length < 2 ? undefined : standardDeviation(values);
const extreme = (of: (a: number, b: number) => number, values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((a, b) => of(a, b));
