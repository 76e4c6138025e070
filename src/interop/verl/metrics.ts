import type { Metrics } from "../../train/events.ts";
import { callsWritten, turnsOf } from "../../train/metrics.ts";
import {
  callsOk,
  type MetricNames,
  meanOf,
  metric,
  own,
  ratio,
  type StepLists,
  seconds,
  spread,
  sum,
  valuesOf,
} from "../step_metrics.ts";

/** The same over trained tokens. */
const tokenSpread = (name: string, line: string): MetricNames => ({
  ...spread(name, line, ({ advantages }) => advantages.filter(({ tokens }) => tokens > 0).map(({ value }) => value)),
  [`${name}/mean`]: metric(`mean over the model's tokens of ${line}`, ({ advantages }) => {
    const tokens = sum(advantages.map((one) => one.tokens));
    return tokens === 0 ? undefined : sum(advantages.map((one) => one.value * one.tokens)) / tokens;
  }),
});

/**
 * verl's names (verl/trainer/ppo/metric_utils.py), DeepEyes' own (agent/*, obs_length/*), and calls counted directly.
 * Rollouts without a reward are in no score, reward or advantage.
 */
export const verlMetricTable: MetricNames = {
  ...spread("critic/score", "rewards before a KL is charged, scored rollouts", ({ scores }) => scores),
  ...spread("critic/rewards", "rewards, scored rollouts", ({ rewards }) => rewards),
  ...tokenSpread("critic/advantages", "advantages"),
  ...tokenSpread("critic/returns", "advantages; in GRPO verl's returns are the same"),
  "actor/entropy": meanOf("mean over the model's tokens of the entropies they were sampled from", (l) => l.entropies),
  "actor/pg_loss": own("policy_loss", "policy loss under loss_agg_mode, mean over updates"),
  "actor/pg_clipfrac": own("clip_fraction", "share of tokens whose ratio was clipped"),
  "actor/pg_clipfrac_lower": own("clip_fraction_lower", "share of tokens bounded by the dual clip"),
  "actor/ppo_kl": own("ppo_kl", "mean over tokens of log-probability when sampled less that in the update"),
  "actor/kl_loss": own("kl_loss", "KL to the starting model in the loss; only with klLossCoef"),
  "actor/reward_kl_penalty": own("reward_kl", "KL to the starting model charged to the reward; only with klRewardCoef"),
  "actor/reward_kl_penalty_coeff": own("reward_kl_coef", "what it is charged with"),
  "actor/grad_norm": own("grad_norm", "norm of the gradient before it is clipped, mean over updates"),
  "actor/lr": own("learning_rate", "learning rate of the step"),
  ...spread(
    "response_length",
    "tokens after the prompt, tools' answers included as in verl; DeepEyes leaves those out, see obs_length",
    ({ responseTokens }) => responseTokens,
  ),
  "response_length/clip_ratio": meanOf(
    "share of rollouts as long as responseTokens allows, or cut off within a turn where only turns are limited",
    (step) =>
      step.facts.limits.responseTokens > 0
        ? step.responseTokens.map((tokens) => Number(tokens === step.facts.limits.responseTokens))
        : step.all.map(({ end }) => Number(end === "length")),
  ),
  "response/aborted_ratio": meanOf("share of rollouts without a token after the prompt", ({ responseTokens }) =>
    responseTokens.map((tokens) => Number(tokens === 0)),
  ),
  ...spread("prompt_length", "prompt tokens, image tokens included", ({ promptTokens }) => promptTokens),
  "prompt_length/clip_ratio": meanOf("share of prompts as long as maxPromptTokens allows", (step) =>
    step.promptTokens.map((tokens) => Number(tokens === step.facts.limits.maxPromptTokens)),
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
  "timing_s/gen": seconds("sampling, with tools and judging", "rollMs"),
  "timing_s/update_actor": seconds("the updates", "updateMs"),
  "timing_per_token_ms/gen": metric("sampling, per token after the prompt", ({ facts, responseTokens }) =>
    ratio(facts.timings.rollMs, sum(responseTokens)),
  ),
  "timing_per_token_ms/update_actor": metric("the updates, per token", ({ facts, totalTokens }) =>
    ratio(facts.timings.updateMs, totalTokens),
  ),
  "perf/total_num_tokens": metric("prompts and responses; a prompt counts once a rollout", (l) => l.totalTokens),
  "perf/time_per_step": seconds("the whole step", "durationMs"),
  "perf/throughput": metric("these tokens per second, on one GPU", ({ facts, totalTokens }) =>
    ratio(totalTokens, ratio(facts.timings.durationMs, 1000)),
  ),
  "perf/max_memory_allocated_gb": metric(
    "GiB of the GPU's memory in buffers at most since the process began; verl's gigabytes are these too",
    ({ facts }) => ratio(facts.peakMemoryBytes, 2 ** 30),
  ),
};

/** The numbers of a step under verl's names. */
export const verlMetrics = (step: StepLists): Metrics => valuesOf(verlMetricTable, step);
