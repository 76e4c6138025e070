import { describe, expect, test } from "vitest";
import type { Rolled } from "../../src/agent/loop.ts";
import type { End, Rollout } from "../../src/agent/rollout.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import type { VisionConfig } from "../../src/model/config.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import type { UpdateResult, UpdateSettings } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { packAll, packRollouts, update, updateSettings } from "../../src/train/update.ts";
import { rollout } from "../support/rollouts.ts";

const shown: Pixels = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) };
const vision = { patchSize: 8, spatialMergeSize: 2 } as VisionConfig;
const model = (tokens: number[]) => ({
  source: "model" as const,
  tokens,
  logprobs: tokens.map((token) => -token / 10),
  entropies: tokens.map(() => 0.5),
  images: [],
});
const prompt = { source: "prompt" as const, tokens: [1, 2, 3], logprobs: [], entropies: [], images: [0] };
const tool = { source: "tool" as const, tokens: [7, 8, 9], logprobs: [], entropies: [], images: [1] };

const zoomed = rollout({ segments: [prompt, model([4, 5]), tool, model([6])], advantage: 1.5 });
const direct = rollout({ segments: [prompt, model([4])], advantage: -1.5 });
const unjudged = rollout({ segments: [prompt, model([4, 4, 4])], advantage: null });
const rolled: Rolled = {
  rollouts: [[zoomed, unjudged, direct]],
  promptImages: [[shown]],
  toolImages: [[[shown], [], []]],
};

/** The settings of a batch, those of a plain run but for `changes`. */
const batch = (changes: Partial<RunConfig> = {}) => resolveConfig(changes);
const weightsOf = (groups: readonly PackedGroup[]) =>
  groups.map(({ sequences }) => sequences.map(({ targets }) => targets.map(({ weight }) => weight)));

describe("packRollouts", () => {
  test("trains the model's own tokens, not the prompt's nor the tool's, and leaves out what nobody could judge", () => {
    const { miniBatches, leftOut } = packRollouts(rolled, batch(), vision);
    expect(miniBatches.map((groups) => groups.length)).toEqual([1]);
    expect(leftOut).toEqual({});
    const [group] = miniBatches[0]!;
    expect(group!.prefix).toEqual({ tokens: [1, 2, 3], images: [{ pixels: shown, grid: { t: 1, h: 8, w: 8 } }] });
    const weight = 1 / 4;
    expect(group!.sequences).toEqual([
      {
        tokens: [4, 5, 7, 8, 9, 6],
        images: [{ pixels: shown, grid: { t: 1, h: 8, w: 8 } }],
        targets: [
          { at: -1, token: 4, weight, oldLogprob: -0.4, advantage: 1.5 },
          { at: 0, token: 5, weight, oldLogprob: -0.5, advantage: 1.5 },
          { at: 4, token: 6, weight, oldLogprob: -0.6, advantage: 1.5 },
        ],
      },
      { tokens: [4], images: [], targets: [{ at: -1, token: 4, weight, oldLogprob: -0.4, advantage: -1.5 }] },
    ]);
  });

  test("seq-mean-token-mean weighs every judged rollout alike", () => {
    const { miniBatches } = packRollouts(rolled, batch({ lossAggMode: "seq-mean-token-mean" }), vision);
    expect(weightsOf(miniBatches[0]!)).toEqual([[[1 / 6, 1 / 6, 1 / 6], [1 / 2]]]);
  });

  test.each(["token-mean", "seq-mean-token-mean"] as const)("the weights of a step add up to 1 by %s", (mode) => {
    const two = {
      rollouts: [rolled.rollouts[0]!, [{ ...direct }, { ...zoomed }]],
      promptImages: [[], []],
      toolImages: [
        [[], [], []],
        [[], []],
      ],
    };
    const weights = weightsOf(packRollouts(two, batch({ lossAggMode: mode }), vision).miniBatches[0]!).flat(2);
    expect(weights).toHaveLength(8);
    expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  test("seq-mean-token-sum-norm divides by the longest response allowed, or else by the longest of the step", () => {
    const weights = (changes: Partial<RunConfig>) =>
      weightsOf(
        packRollouts(rolled, batch({ lossAggMode: "seq-mean-token-sum-norm", ...changes }), vision).miniBatches[0]!,
      ).flat(2);
    // What tools said counts, and so do rollouts that are left out.
    expect(weights({})).toEqual(Array(4).fill(1 / 6));
    expect(weights({ responseTokens: 40 })).toEqual(Array(4).fill(1 / 40));
    expect(weights({ responseTokens: 40, microBatchRollouts: 1 })).toEqual(Array(4).fill(1 / 80));
  });
});

describe("of a step with several tasks", () => {
  const rewarded = (lengths: number[], totals: (number | null)[], ends: End[] = []) =>
    lengths.map((length, i) => {
      const total = totals[i]!;
      return rollout({
        segments: [prompt, model(Array.from({ length }, (_, t) => 10 + t))],
        end: ends[i] ?? "answer",
        reward: total === null ? null : { parts: { answer: total }, total, right: total > 0, verdict: "" },
        advantage: total,
      });
    });
  const step = (...rollouts: Rollout[][]): Rolled => ({
    rollouts,
    promptImages: rollouts.map(() => []),
    toolImages: rollouts.map((group) => group.map(() => [])),
  });
  const four = step(
    rewarded([1, 3], [0, 1]),
    rewarded([2, 2], [1, 1]),
    rewarded([4, 2], [1, 0]),
    rewarded([5, 1], [null, null]),
  );
  const lengths = (groups: readonly PackedGroup[]) =>
    groups.map(({ sequences }) => sequences.map(({ targets }) => targets.length));

  test("each mini-batch has so many tasks, in order, and its own aggregation", () => {
    const { miniBatches } = packRollouts(four, batch({ miniBatchTasks: 2 }), vision);
    expect(miniBatches.map(lengths)).toEqual([
      [
        [1, 3],
        [2, 2],
      ],
      [[4, 2]],
    ]);
    expect(new Set(weightsOf(miniBatches[0]!).flat(2))).toEqual(new Set([1 / 8]));
    expect(new Set(weightsOf(miniBatches[1]!).flat(2))).toEqual(new Set([1 / 6]));
    const all = packRollouts(four, batch(), vision).miniBatches;
    expect(all.map(lengths)).toEqual([
      [
        [1, 3],
        [2, 2],
        [4, 2],
      ],
    ]);
    expect(packRollouts(four, batch({ miniBatchTasks: 64 }), vision).miniBatches).toEqual(all);
  });

  test("micro-batches run on from task to task within a mini-batch", () => {
    const { miniBatches } = packRollouts(four, batch({ microBatchRollouts: 3 }), vision);
    // Rollouts of 1, 3, 2 tokens and of 2, 4, 2.
    expect(weightsOf(miniBatches[0]!).map((group) => group.map(([weight]) => weight))).toEqual([
      [1 / 6 / 2, 1 / 6 / 2],
      [1 / 6 / 2, 1 / 8 / 2],
      [1 / 8 / 2, 1 / 8 / 2],
    ]);
    const one = packRollouts(four, batch({ microBatchRollouts: 1, miniBatchTasks: 2 }), vision);
    expect(weightsOf(one.miniBatches[0]!).map((group) => group.map(([weight]) => weight))).toEqual([
      [1 / 4, 1 / 3 / 4],
      [1 / 2 / 4, 1 / 2 / 4],
    ]);
  });

  test.each(["drop", "resample"] as const)(
    "zeroVariance %s leaves groups of equal rewards out of the mean",
    (zeroVariance) => {
      const { miniBatches, leftOut } = packRollouts(four, batch({ zeroVariance, miniBatchTasks: 2 }), vision);
      expect(miniBatches.map(lengths)).toEqual([
        [
          [1, 3],
          [4, 2],
        ],
      ]);
      expect(new Set(weightsOf(miniBatches[0]!).flat(2))).toEqual(new Set([1 / 10]));
      // The group that nobody could judge is one of them.
      expect(leftOut).toEqual({ dropped_groups: 2 });
      const equal = step(rewarded([1, 3], [1, 1]));
      expect(packRollouts(equal, batch({ zeroVariance }), vision)).toEqual({
        miniBatches: [],
        leftOut: { dropped_groups: 1 },
      });
    },
  );

  test("overlong mask leaves out what ran out of turns or tokens, whose rewards still count for the others", () => {
    const ran = step(
      rewarded([1, 3, 5], [1, 0, 0], ["answer", "turns", "malformed"]),
      rewarded([2, 9], [1, 0], ["answer", "length"]),
      rewarded([7, 7], [1, 0], ["length", "turns"]),
    );
    const settings = batch({ overlong: "mask", zeroVariance: "drop" });
    const { miniBatches, leftOut } = packRollouts(ran, settings, vision);
    expect(miniBatches.map(lengths)).toEqual([[[1, 5], [2]]]);
    expect(new Set(weightsOf(miniBatches[0]!).flat(2))).toEqual(new Set([1 / 8]));
    expect(leftOut).toEqual({ dropped_groups: 0, masked_rollouts: 4 });
    expect(lengths(packRollouts(ran, batch(), vision).miniBatches[0]!)).toEqual([
      [1, 3, 5],
      [2, 9],
      [7, 7],
    ]);
  });

  test("packAll() takes every rollout, with nothing in the loss", () => {
    const groups = packAll(four, vision);
    expect(lengths(groups)).toEqual([
      [1, 3],
      [2, 2],
      [4, 2],
      [5, 1],
    ]);
    expect(new Set(weightsOf(groups).flat(2))).toEqual(new Set([0]));
    expect(groups[3]!.sequences[1]!.targets).toEqual([{ at: -1, token: 10, weight: 0, oldLogprob: -1, advantage: 0 }]);
  });
});

test("updateSettings() warms the learning rate up in equal steps from the first one on", () => {
  const config = resolveConfig({ learningRate: 0.01, warmupSteps: 4, temperature: 0.7, maxGradNorm: 2 });
  const rates = [0, 1, 2, 3, 4, 100].map((step) => updateSettings(config, step, []).learningRate);
  [0.0025, 0.005, 0.0075, 0.01, 0.01, 0.01].forEach((rate, i) => {
    expect(rates[i]).toBeCloseTo(rate, 12);
  });
  expect(updateSettings({ ...config, warmupSteps: 0 }, 0, []).learningRate).toBe(0.01);
  expect(updateSettings(config, 9, [1, 2])).toMatchObject({ temperature: 0.7, maxGradNorm: 2, suppressed: [1, 2] });
  const loss = { klLossCoef: 0.1, klLossType: "mse", entropyCoef: 0.01 } as const;
  expect(updateSettings({ ...config, ...loss }, 0, [])).toMatchObject(loss);
});

describe("update", () => {
  const settings = updateSettings(resolveConfig({ warmupSteps: 0 }), 0, []);
  const groups: PackedGroup[] = [
    {
      prefix: { tokens: [1], images: [] },
      sequences: [
        { tokens: [2, 3], images: [], targets: [0.25, 0.75].map((weight, i) => ({ at: i - 1, token: 2 + i, weight })) },
      ],
    },
  ];
  const one = { miniBatches: [groups], leftOut: {} };
  /** terms: loss, kl, clipped, clipped below, ratio, -log ratio of each target; entropies 0.5 and 1.5. */
  const learner = (results: number[][]) => {
    const asked: { groups: readonly PackedGroup[]; settings: UpdateSettings; refLogprobs?: Float32Array }[] = [];
    const fake = {
      update: async (
        taken: readonly PackedGroup[],
        used: UpdateSettings,
        refLogprobs?: Float32Array,
      ): Promise<UpdateResult> => {
        const terms = Float32Array.from(results[asked.length]!);
        asked.push({ groups: taken, settings: used, refLogprobs });
        return { terms, gradNorm: asked.length, logprobs: terms, entropies: Float32Array.of(0.5, 1.5) };
      },
    };
    return { asked, learner: fake };
  };
  const first = [2, 0.5, 0, 0, 1, 0, 4, 1.5, 0, 0, 1, 0];
  const second = [1, 0.5, 1, 0, 1.5, -0.5, 3, 1.5, 0, 1, 0.75, 0.25];
  const nobody = () => Promise.reject(new Error("not asked for"));

  test("means its losses by the targets' weights, and what it counts over tokens", async () => {
    const { asked, learner: fake } = learner([second]);
    const metrics = await update(fake, one, settings, 1, nobody);
    expect(metrics).toEqual({
      loss: 2.5,
      policy_loss: 2.5,
      clip_fraction: 0.5,
      clip_fraction_lower: 0.5,
      ppo_kl: -0.125,
      ratio_drift: 0.5,
      grad_norm: 1,
      learning_rate: settings.learningRate,
      updates: 1,
    });
    expect(asked).toEqual([{ groups, settings, refLogprobs: undefined }]);
  });

  test("tells of several updates the means, as verl does, and the drift before the first", async () => {
    const { asked, learner: fake } = learner([first, second]);
    const metrics = await update(fake, one, settings, 2, nobody);
    expect(metrics).toMatchObject({
      policy_loss: (3.5 + 2.5) / 2,
      clip_fraction: 0.25,
      grad_norm: 1.5,
      ratio_drift: 0,
      updates: 2,
    });
    expect(asked).toHaveLength(2);
  });

  test("goes over its mini-batches in order, pass by pass", async () => {
    const other: PackedGroup[] = [
      { prefix: { tokens: [9], images: [] }, sequences: [{ ...groups[0]!.sequences[0]!, tokens: [5, 6] }] },
    ];
    const { asked, learner: fake } = learner([first, second, second, first]);
    const reference = async (of: readonly PackedGroup[]) => {
      expect(of).toEqual([...groups, ...other]);
      return Float32Array.of(-1, -2, -3, -4);
    };
    const batches = { miniBatches: [groups, other], leftOut: { dropped_groups: 3 } };
    const metrics = await update(fake, batches, { ...settings, klLossCoef: 0.1 }, 2, reference);
    expect(asked.map((call) => call.groups)).toEqual([groups, other, groups, other]);
    expect(asked.map((call) => Array.from(call.refLogprobs!))).toEqual([
      [-1, -2],
      [-3, -4],
      [-1, -2],
      [-3, -4],
    ]);
    expect(metrics).toMatchObject({ updates: 4, grad_norm: 2.5, ratio_drift: 0, dropped_groups: 3 });
  });

  test("makes no update where everything was left out, and says so", async () => {
    const { asked, learner: fake } = learner([]);
    const empty = { miniBatches: [], leftOut: { dropped_groups: 2 } };
    const metrics = await update(fake, empty, { ...settings, klLossCoef: 0.1 }, 2, nobody);
    expect(metrics).toEqual({
      grad_norm: 0,
      learning_rate: settings.learningRate,
      updates: 0,
      dropped_groups: 2,
    });
    expect(asked).toEqual([]);
  });

  test("asks for the reference once, and only where a KL to it is wanted", async () => {
    const { asked, learner: fake } = learner([first, second]);
    let times = 0;
    const reference = Float32Array.of(-1, -2);
    const metrics = await update(fake, one, { ...settings, klLossCoef: 0.1 }, 2, async () => {
      times++;
      return reference;
    });
    expect(times).toBe(1);
    expect(asked.map(({ refLogprobs }) => refLogprobs)).toEqual([reference, reference]);
    expect(metrics.kl_loss).toBeCloseTo(1.25, 6);
    expect(metrics.loss).toBeCloseTo(3 + 0.1 * 1.25, 6);
  });

  test("takes the entropy off the loss, aggregated like the loss", async () => {
    const { learner: fake } = learner([second]);
    const metrics = await update(fake, one, { ...settings, entropyCoef: 0.1 }, 1, nobody);
    expect(metrics.entropy_loss).toBeCloseTo(0.25 * 0.5 + 0.75 * 1.5, 12);
    expect(metrics.loss).toBeCloseTo(2.5 - 0.1 * metrics.entropy_loss!, 12);
    expect(metrics.policy_loss).toBe(2.5);
  });
});
