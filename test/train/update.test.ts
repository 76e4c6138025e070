import { describe, expect, test } from "vitest";
import type { Rolled } from "../../src/agent/loop.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import type { VisionConfig } from "../../src/model/config.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { Learner, UpdateResult, UpdateSettings } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { packRollouts, update, updateSettings } from "../../src/train/update.ts";
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
  promptShown: [[shown]],
  shown: [[[shown], [], []]],
};

describe("packRollouts", () => {
  test("trains the model's own tokens, not the prompt's nor the tool's, and leaves out what nobody could judge", () => {
    const [group, ...rest] = packRollouts(rolled, "token-mean", vision);
    expect(rest).toEqual([]);
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
    const [group] = packRollouts(rolled, "seq-mean-token-mean", vision);
    expect(group!.sequences.map(({ targets }) => targets.map(({ weight }) => weight))).toEqual([
      [1 / 6, 1 / 6, 1 / 6],
      [1 / 2],
    ]);
  });

  test.each(["token-mean", "seq-mean-token-mean"] as const)("the weights of a step add up to 1 by %s", (mode) => {
    const two = {
      rollouts: [rolled.rollouts[0]!, [{ ...direct }, { ...zoomed }]],
      promptShown: [[], []],
      shown: [
        [[], [], []],
        [[], []],
      ],
    };
    const weights = packRollouts(two, mode, vision).flatMap(({ sequences }) =>
      sequences.flatMap(({ targets }) => targets.map(({ weight }) => weight)),
    );
    expect(weights).toHaveLength(8);
    expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
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
  /** terms: loss, kl, clipped, clipped below, ratio, -log ratio of each target. */
  const learner = (results: number[][]) => {
    const asked: { settings: UpdateSettings; refLogprobs?: Float32Array }[] = [];
    const fake = {
      update: async (_: unknown, used: UpdateSettings, refLogprobs?: Float32Array): Promise<UpdateResult> => {
        const terms = Float32Array.from(results[asked.length]!);
        asked.push({ settings: used, refLogprobs });
        return { terms, gradNorm: asked.length, logprobs: terms, entropies: terms };
      },
    };
    return { asked, learner: fake as unknown as Learner };
  };
  const first = [2, 0.5, 0, 0, 1, 0, 4, 1.5, 0, 0, 1, 0];
  const second = [1, 0.5, 1, 0, 1.5, -0.5, 3, 1.5, 0, 1, 0.75, 0.25];

  test("means its terms by the targets' weights", async () => {
    const { asked, learner: fake } = learner([second]);
    const metrics = await update(fake, groups, settings, 1, () => Promise.reject(new Error("not asked for")));
    expect(metrics).toEqual({
      loss: 2.5,
      policy_loss: 2.5,
      clip_fraction: 0.25,
      clip_fraction_lower: 0.75,
      ppo_kl: 0.0625,
      ratio_drift: 0.5,
      grad_norm: 1,
      learning_rate: settings.learningRate,
    });
    expect(asked).toEqual([{ settings, refLogprobs: undefined }]);
  });

  test("tells of several updates the last one's numbers, and the drift before the first", async () => {
    const { asked, learner: fake } = learner([first, second]);
    const metrics = await update(fake, groups, settings, 2, async () => new Float32Array(2));
    expect(metrics).toMatchObject({ policy_loss: 2.5, grad_norm: 2, ratio_drift: 0 });
    expect(asked).toHaveLength(2);
  });

  test("asks for the reference once, and only where a KL to it is wanted", async () => {
    const { asked, learner: fake } = learner([first, second]);
    let times = 0;
    const reference = Float32Array.of(-1, -2);
    const metrics = await update(fake, groups, { ...settings, klLossCoef: 0.1 }, 2, async () => {
      times++;
      return reference;
    });
    expect(times).toBe(1);
    expect(asked.map(({ refLogprobs }) => refLogprobs)).toEqual([reference, reference]);
    expect(metrics.kl_loss).toBeCloseTo(1.25, 6);
    expect(metrics.loss).toBeCloseTo(2.5 + 0.1 * 1.25, 6);
  });
});
