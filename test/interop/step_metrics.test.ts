import { describe, expect, test } from "vitest";
import type { Rollout, Segment } from "../../src/agent/rollout.ts";
import { listsOf, type StepFacts } from "../../src/interop/step_metrics.ts";
import { trlMetrics, trlMetricTable } from "../../src/interop/trl/metrics.ts";
import { verlMetrics, verlMetricTable } from "../../src/interop/verl/metrics.ts";
import { rollout, zoomCall } from "../support/rollouts.ts";

const tokens = (source: Segment["source"], count: number, entropy = 0): Segment => ({
  source,
  tokens: Array(count).fill(7),
  logprobs: source === "model" ? Array(count).fill(-1) : [],
  entropies: source === "model" ? Array(count).fill(entropy) : [],
  images: [],
});
const reward = (answer: number, kl?: number): Rollout["reward"] => ({
  parts: { answer, ...(kl === undefined ? {} : { kl }) },
  total: answer + (kl ?? 0),
  right: answer > 0,
  verdict: "rule",
});

/** 10 prompt tokens; 4 written, 6 from the tool, 2 written; charged 0.1 for its KL. */
const zoomed = rollout({
  segments: [tokens("prompt", 10), tokens("model", 4, 1), tokens("tool", 6), tokens("model", 2, 0.25)],
  calls: [zoomCall()],
  reward: reward(2, -0.1),
  advantage: 1,
});
/** 10 prompt tokens, 2 written. */
const direct = rollout({
  segments: [tokens("prompt", 10), tokens("model", 2, 0)],
  reward: reward(0, 0),
  advantage: -1,
});
/** 20 prompt tokens, 12 written and cut off; nobody could judge it, and its call failed. */
const cut = rollout({
  segments: [tokens("prompt", 20), tokens("model", 12, 0.5)],
  calls: [zoomCall({ outcome: "bad_box" })],
  end: "length",
});
/** 20 prompt tokens, 1 written; called once more than allowed. */
const once = rollout({
  segments: [tokens("prompt", 20), tokens("model", 1, 2)],
  end: "turns",
  reward: reward(0.5),
  advantage: 0,
});

const facts: StepFacts = {
  rollouts: [
    [zoomed, direct],
    [cut, once],
  ],
  metrics: {
    loss: 0.31,
    policy_loss: 0.3,
    clip_fraction: 0.2,
    clip_fraction_lower: 0.1,
    ppo_kl: 0.05,
    kl_loss: 0.02,
    reward_kl: 0.7,
    reward_kl_coef: 0.1,
    grad_norm: 3,
    learning_rate: 1e-6,
  },
  timings: { rollMs: 2000, updateMs: 1000, durationMs: 4000 },
  peakMemoryBytes: 3 * 2 ** 29,
  limits: { responseTokens: 12, maxPromptTokens: 20 },
  tokensBefore: 1000,
};
/** Prompts 10 + 10 + 20 + 20, responses 12 + 2 + 12 + 1. */
const allTokens = 87;

const expectedVerl: Record<string, number> = {
  "critic/score/mean": 2.5 / 3,
  "critic/score/max": 2,
  "critic/score/min": 0,
  "critic/rewards/mean": 2.4 / 3,
  "critic/rewards/max": 1.9,
  "critic/rewards/min": 0,
  "critic/advantages/mean": (6 - 2) / 9,
  "critic/advantages/max": 1,
  "critic/advantages/min": -1,
  "critic/returns/mean": (6 - 2) / 9,
  "critic/returns/max": 1,
  "critic/returns/min": -1,
  "actor/entropy": (4 + 0.5 + 0 + 6 + 2) / 21,
  "actor/pg_loss": 0.3,
  "actor/pg_clipfrac": 0.2,
  "actor/pg_clipfrac_lower": 0.1,
  "actor/ppo_kl": 0.05,
  "actor/kl_loss": 0.02,
  "actor/reward_kl_penalty": 0.7,
  "actor/reward_kl_penalty_coeff": 0.1,
  "actor/grad_norm": 3,
  "actor/lr": 1e-6,
  "response_length/mean": 27 / 4,
  "response_length/max": 12,
  "response_length/min": 1,
  "response_length/clip_ratio": 2 / 4,
  "response/aborted_ratio": 0,
  "prompt_length/mean": 15,
  "prompt_length/max": 20,
  "prompt_length/min": 10,
  "prompt_length/clip_ratio": 2 / 4,
  "num_turns/mean": 10 / 4,
  "num_turns/max": 4,
  "num_turns/min": 2,
  "agent/tool_call_mean": 2 / 4,
  "agent/tool_call_max": 1,
  "agent/tool_call_min": 0,
  "obs_length/mean": 6 / 4,
  "obs_length/max": 6,
  "obs_length/min": 0,
  "num_tool_calls/mean": 3 / 4,
  "num_tool_calls/max": 1,
  "num_tool_calls/min": 0,
  "num_tool_calls/executed": 2 / 4,
  "num_tool_calls/succeeded": 1 / 4,
  "timing_s/step": 4,
  "timing_s/gen": 2,
  "timing_s/update_actor": 1,
  "timing_per_token_ms/gen": 2000 / 27,
  "timing_per_token_ms/update_actor": 1000 / allTokens,
  "perf/total_num_tokens": allTokens,
  "perf/time_per_step": 4,
  "perf/throughput": allTokens / 4,
  "perf/max_memory_allocated_gb": 1.5,
};

const expectedTrl: Record<string, number> = {
  reward: 0.8,
  reward_std: Math.sqrt((1.1 ** 2 + 0.8 ** 2 + 0.3 ** 2) / 2),
  // The other group has one reward only.
  frac_reward_zero_std: 0,
  kl: 0.02,
  entropy: 12.5 / 21,
  loss: 0.31,
  "clip_ratio/region_mean": 0.2,
  grad_norm: 3,
  learning_rate: 1e-6,
  num_tokens: 1000 + 60 + 21,
  "completions/mean_length": 21 / 4,
  "completions/min_length": 1,
  "completions/max_length": 12,
  "completions/clipped_ratio": 1 / 4,
  "tools/call_frequency": 2 / 4,
  "tools/failure_frequency": 1 / 2,
  step_time: 4,
  "rewards/answer/mean": 2.5 / 3,
  "rewards/answer/std": Math.sqrt(((2 - 2.5 / 3) ** 2 + (2.5 / 3) ** 2 + (0.5 - 2.5 / 3) ** 2) / 2),
  "rewards/kl/mean": -0.05,
  "rewards/kl/std": Math.sqrt(2 * 0.05 ** 2),
};

describe.each([
  ["verl", verlMetrics(listsOf(facts)), expectedVerl, verlMetricTable],
  ["TRL", trlMetrics(listsOf(facts)), expectedTrl, trlMetricTable],
])("a step under the names of %s", (_, found, expected, table) => {
  test("has every name of the table, and no other", () => {
    expect(Object.keys(found).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [name, { line }] of Object.entries(table)) {
      expect(expected).toHaveProperty([name]);
      expect(line.length).toBeGreaterThan(5);
    }
  });

  test.each(Object.entries(expected))("%s", (name, value) => {
    expect(found[name]).toBeCloseTo(value, 12);
  });
});

test("where only turns are limited, the share of clipped responses is of those cut off within a turn", () => {
  const limits = { responseTokens: 0, maxPromptTokens: 8192 };
  expect(verlMetrics(listsOf({ ...facts, limits }))).toMatchObject({
    "response_length/clip_ratio": 1 / 4,
    "prompt_length/clip_ratio": 0,
  });
});

test("what cannot be had is left out", () => {
  const unjudged: StepFacts = { ...facts, rollouts: [[cut, cut]], metrics: { grad_norm: 0 }, tokensBefore: undefined };
  const names = Object.keys({ ...verlMetrics(listsOf(unjudged)), ...trlMetrics(listsOf(unjudged)) });
  for (const name of [
    "critic/score/mean",
    "critic/advantages/max",
    "reward",
    "frac_reward_zero_std",
    "num_tokens",
    "kl",
  ])
    expect(names).not.toContain(name);
  expect(names).toContain("actor/entropy");
  expect(names.filter((name) => name.startsWith("rewards/"))).toEqual([]);

  // Logs of which only some steps' rollouts were kept.
  const nothing = verlMetrics(listsOf({ ...facts, rollouts: [], metrics: {} }));
  expect(nothing).toEqual({
    "perf/max_memory_allocated_gb": 1.5,
    "perf/time_per_step": 4,
    "timing_s/gen": 2,
    "timing_s/step": 4,
    "timing_s/update_actor": 1,
  });
});

test("two calls in one turn are one turn with a tool and two calls", () => {
  const double = rollout({ calls: [zoomCall(), zoomCall(), zoomCall({ segment: 3 })] });
  expect(verlMetrics(listsOf({ ...facts, rollouts: [[double]] }))).toMatchObject({
    "agent/tool_call_mean": 2,
    "num_tool_calls/mean": 3,
  });
});

test("verl's advantages are those of tokens where calls are given credit", () => {
  const probed = { ...zoomed, calls: [zoomCall({ probe: { from: 0, before: 0.25, after: 0.75 } })] };
  const credit = { callCredit: 1, callRouting: "whole" as const };
  const metrics = verlMetrics(listsOf({ ...facts, rollouts: [[probed, direct]], credit }));
  // 4 tokens of the call with 1 + 0.5, 2 with 1, 2 with -1.
  expect(metrics).toMatchObject({
    "critic/advantages/mean": (4 * 1.5 + 2 * 1 - 2) / 8,
    "critic/advantages/max": 1.5,
    "critic/advantages/min": -1,
  });
});
