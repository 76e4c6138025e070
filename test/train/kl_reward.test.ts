import { expect, test } from "vitest";
import type { Rolled } from "../../src/agent/loop.ts";
import type { Reward } from "../../src/agent/rollout.ts";
import type { VisionConfig } from "../../src/model/config.ts";
import { chargeKl, klSums } from "../../src/train/kl_reward.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { rollout } from "../support/rollouts.ts";

const vision = { patchSize: 8, spatialMergeSize: 2 } as VisionConfig;
const prompt = { source: "prompt" as const, tokens: [1, 2], logprobs: [], entropies: [], images: [] };
const tool = { source: "tool" as const, tokens: [7, 8], logprobs: [], entropies: [], images: [] };
const model = (...logprobs: number[]) => ({
  source: "model" as const,
  tokens: logprobs.map((_, i) => 20 + i),
  logprobs,
  entropies: logprobs.map(() => 0.5),
  images: [],
});
const reward: Reward = { parts: { answer: 0.8, format: 0 }, total: 0.8, right: true, verdict: "exact" };

const step = (): Rolled => ({
  rollouts: [
    [
      rollout({ segments: [prompt, model(-1, -2), tool, model(-0.5)], reward }),
      rollout({ segments: [prompt, model(-3)], reward: null }),
    ],
    [rollout({ segments: [prompt, model(-1, -1, -1, -1)], reward }), rollout({ segments: [prompt], reward })],
  ],
  promptImages: [[], []],
  toolImages: [
    [[], []],
    [[], []],
  ],
});

test("klSums() adds up old less reference over the tokens that the model wrote, rollout by rollout", async () => {
  const settings = { temperature: 0.7, suppressed: [3] };
  const asked: unknown[] = [];
  const reference = {
    logprobs: async (groups: readonly PackedGroup[], used: unknown) => {
      const targets = groups.flatMap((g) => g.sequences.flatMap((s) => s.targets));
      asked.push(
        targets.map(({ token }) => token),
        used,
      );
      return Float32Array.of(-1.5, -1, -0.75, -3, -2, -1, -1, -0.5);
    },
  };
  expect(await klSums(reference, step(), settings, vision)).toEqual([
    [0.5 - 1 + 0.25, 0],
    [1 + 0 + 0 - 0.5, 0],
  ]);
  expect(asked).toEqual([[20, 21, 20, 20, 20, 21, 22, 23], settings]);
});

test("chargeKl() takes the coefficient times the sum from each reward, as a part of it", () => {
  const { rollouts } = step();
  const metrics = chargeKl(
    rollouts,
    [
      [-0.25, 0.5],
      [2, 0],
    ],
    0.1,
  );
  expect(rollouts.map((group) => group.map((one) => one.reward))).toEqual([
    [{ ...reward, parts: { answer: 0.8, format: 0, kl: 0.025 }, total: 0.8 + 0.025 }, null],
    [
      { ...reward, parts: { answer: 0.8, format: 0, kl: -0.2 }, total: 0.8 - 0.2 },
      { ...reward, parts: { answer: 0.8, format: 0, kl: -0 }, total: 0.8 },
    ],
  ]);
  // Means over each rollout's tokens: -0.25 / 3, 0.5 / 1, 2 / 4, nothing.
  expect(metrics.reward_kl).toBeCloseTo((-0.25 / 3 + 0.5 + 0.5) / 4, 12);
  expect(metrics.reward_kl_coef).toBe(0.1);
  expect(reward.parts).toEqual({ answer: 0.8, format: 0 });
});
