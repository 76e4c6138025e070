import { describe, expect, test } from "vitest";
import { resolveConfig } from "../../src/train/config.ts";
import type { UpdateOptions, UpdateResult, UpdateSettings } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { type UpdateParts, update, updateSettings } from "../../src/train/update.ts";

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
    const asked: { groups: readonly PackedGroup[]; settings: UpdateSettings; options: UpdateOptions }[] = [];
    const fake = {
      update: async (
        taken: readonly PackedGroup[],
        used: UpdateSettings,
        options: UpdateOptions,
      ): Promise<UpdateResult> => {
        const terms = Float32Array.from(results[asked.length]!);
        asked.push({ groups: taken, settings: used, options });
        return { terms, gradNorm: asked.length, logprobs: terms, entropies: Float32Array.of(0.5, 1.5) };
      },
    };
    return { asked, learner: fake };
  };
  const first = [2, 0.5, 0, 0, 1, 0, 4, 1.5, 0, 0, 1, 0];
  const second = [1, 0.5, 1, 0, 1.5, -0.5, 3, 1.5, 0, 1, 0.75, 0.25];
  const nobody = () => Promise.reject(new Error("not asked for"));
  const given = (learner: UpdateParts["learner"], more: Partial<UpdateParts> = {}): UpdateParts => ({
    learner,
    reference: { logprobs: nobody },
    settings,
    passes: 1,
    updates: 5,
    ...more,
  });

  test("means its losses by the targets' weights, and what it counts over tokens", async () => {
    const { asked, learner: fake } = learner([second]);
    const metrics = await update(one, given(fake));
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
    expect(asked).toEqual([{ groups, settings, options: { updatesBefore: 5 } }]);
  });

  test("reports the means of several updates, as verl does, and the drift before the first", async () => {
    const { asked, learner: fake } = learner([first, second]);
    const metrics = await update(one, given(fake, { passes: 2 }));
    expect(metrics).toMatchObject({
      policy_loss: (3.5 + 2.5) / 2,
      clip_fraction: 0.25,
      grad_norm: 1.5,
      ratio_drift: 0,
      updates: 2,
    });
    expect(asked).toHaveLength(2);
  });

  test("takes its mini-batches in order, pass by pass", async () => {
    const other: PackedGroup[] = [
      { prefix: { tokens: [9], images: [] }, sequences: [{ ...groups[0]!.sequences[0]!, tokens: [5, 6] }] },
    ];
    const { asked, learner: fake } = learner([first, second, second, first]);
    const reference = {
      logprobs: async (of: readonly PackedGroup[]) => {
        expect(of).toEqual([...groups, ...other]);
        return Float32Array.of(-1, -2, -3, -4);
      },
    };
    const batches = { miniBatches: [groups, other], leftOut: { dropped_groups: 3 } };
    const metrics = await update(
      batches,
      given(fake, { settings: { ...settings, klLossCoef: 0.1 }, passes: 2, reference }),
    );
    expect(asked.map((call) => call.groups)).toEqual([groups, other, groups, other]);
    expect(asked.map((call) => call.options.updatesBefore)).toEqual([5, 6, 7, 8]);
    expect(asked.map((call) => Array.from(call.options.refLogprobs!))).toEqual([
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
    const metrics = await update(empty, given(fake, { settings: { ...settings, klLossCoef: 0.1 }, passes: 2 }));
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
    const logprobs = Float32Array.of(-1, -2);
    const reference = {
      logprobs: async () => {
        times++;
        return logprobs;
      },
    };
    const withKl = { ...settings, klLossCoef: 0.1 };
    const metrics = await update(one, given(fake, { settings: withKl, passes: 2, reference }));
    expect(times).toBe(1);
    expect(asked.map(({ options }) => options.refLogprobs)).toEqual([logprobs, logprobs]);
    expect(metrics.kl_loss).toBeCloseTo(1.25, 6);
    expect(metrics.loss).toBeCloseTo(3 + 0.1 * 1.25, 6);
  });

  test("takes the entropy off the loss, aggregated like the loss", async () => {
    const { learner: fake } = learner([second]);
    const metrics = await update(one, given(fake, { settings: { ...settings, entropyCoef: 0.1 } }));
    expect(metrics.entropy_loss).toBeCloseTo(0.25 * 0.5 + 0.75 * 1.5, 12);
    expect(metrics.loss).toBeCloseTo(2.5 - 0.1 * metrics.entropy_loss!, 12);
    expect(metrics.policy_loss).toBe(2.5);
  });
});
