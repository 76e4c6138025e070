import { expect, test } from "vitest";
import { resolveConfig } from "../../src/train/config.ts";

/** What the three scripts have in common: verl's defaults where they say nothing. */
const common = {
  learningRate: 1e-6,
  warmupSteps: 0,
  weightDecay: 0.01,
  maxGradNorm: 1,
  clipRatioLow: 0.2,
  clipRatioHigh: 0.2,
  clipRatioC: 3,
  klLossCoef: 0,
  klLossType: "low_var_kl",
  klRewardCoef: 0,
  entropyCoef: 0,
  lossAggMode: "token-mean",
  normAdvByStd: true,
  temperature: 1,
  updatesPerStep: 1,
  // One update a step: the mini-batch is the batch.
  miniBatchTasks: 0,
  maxPromptTokens: 8192,
  zeroVariance: "keep",
  overlong: "keep",
  saveEvery: 8,
};

test("deepeyes-7b has the numbers of final_merged_v1v8_thinklite.sh", () => {
  expect(resolveConfig({ preset: "deepeyes-7b" })).toMatchObject({
    ...common,
    model: "Qwen/Qwen2.5-VL-7B-Instruct@main",
    tasksPerStep: 256,
    rolloutsPerTask: 16,
    microBatchRollouts: 4,
    responseTokens: 20_480,
    firstTurnTokens: 10_240,
    nextTurnTokens: 10_240,
    // Five generations, the last of which answers.
    maxToolCalls: 4,
    evalEvery: 10_000,
    // Where the paper stops.
    steps: 80,
    charts: true,
    toolRows: "named",
    prompt: "deepeyes",
    tool: "deepeyes",
    reward: "deepeyes",
    judge: "deepeyes",
  });
});

test("deepeyes-32b has those of final_merged_v1v8_thinklite_32b.sh: 20 generations, one rollout at a time", () => {
  const small = resolveConfig({ preset: "deepeyes-7b" });
  expect(resolveConfig({ preset: "deepeyes-32b" })).toEqual({
    ...small,
    preset: "deepeyes-32b",
    model: "Qwen/Qwen2.5-VL-32B-Instruct@main",
    microBatchRollouts: 1,
    maxToolCalls: 19,
  });
});

test("verl-7b has those of run_deepeyes_grpo.sh", () => {
  expect(resolveConfig({ preset: "verl-7b" })).toMatchObject({
    ...common,
    model: "Qwen/Qwen2.5-VL-7B-Instruct@main",
    tasksPerStep: 128,
    rolloutsPerTask: 8,
    microBatchRollouts: 1,
    responseTokens: 16_384,
    // A turn has what is left of the response.
    firstTurnTokens: 16_384,
    nextTurnTokens: 16_384,
    maxToolCalls: 4,
    evalEvery: 80,
    steps: Math.floor(22_362 / 128),
    charts: false,
    toolRows: "all",
    prompt: "verl",
    tool: "verl",
    reward: "verl",
    judge: "verl",
  });
});
