import { describe, expect, test } from "vitest";
import type { Rollout } from "../../src/agent/rollout.ts";
import type { VisionConfig } from "../../src/model/config.ts";
import { setAdvantages } from "../../src/train/advantage.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { lossRecipes } from "../../src/train/loss_recipes.ts";
import { packRollouts } from "../../src/train/pack_rollouts.ts";
import { logitGradients, rolloutLoss, sampledLogprobs } from "../../src/train/rollout_loss.ts";
import { rollout } from "../support/rollouts.ts";

const shown = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) };
const vision = { patchSize: 8, spatialMergeSize: 2 } as VisionConfig;

const attempt = (tokens: number, total: number | null): Rollout =>
  rollout({
    segments: [
      { source: "prompt", tokens: [1, 2, 3], logprobs: [], entropies: [], images: [0] },
      {
        source: "model",
        tokens: Array.from({ length: tokens }, (_, i) => 4 + i),
        logprobs: Array.from({ length: tokens }, (_, i) => -0.5 - i / 4),
        entropies: Array(tokens).fill(0.5),
        images: [],
      },
    ],
    reward: total === null ? null : { parts: { answer: total }, total, right: total > 0, verdict: "equal" },
  });

/** Two tasks; of the second all rewards are equal. */
const groups = [
  [attempt(2, 1), attempt(6, 0), attempt(3, null), attempt(4, 0.4)],
  [attempt(5, 0.4), attempt(5, 0.4)],
];
const logprobs = [-0.2, -1.1];
const of = { groups, taskIndex: 0, rolloutIndex: 0, logprobs, refLogprobs: [-0.6, -0.7] };

/** With the advantages that a run of these settings gives them. */
function under(changes: Partial<RunConfig>) {
  const config = { ...resolveConfig({ responseTokens: 16 }), ...changes };
  for (const group of groups) setAdvantages(group, config);
  return config;
}

describe("the loss of a rollout", () => {
  test.each([
    ["the run's own", {}],
    ["GRPO", lossRecipes.grpo.changes],
    ["Dr. GRPO", lossRecipes["dr-grpo"].changes],
    ["DAPO", lossRecipes.dapo.changes],
    ["mini-batches and micro-batches", { miniBatchTasks: 1, microBatchRollouts: 2 }],
  ] as const)("%s: advantages and weights are those that training takes", (_, changes) => {
    const config = under(changes as Partial<RunConfig>);
    const rolled = {
      rollouts: groups,
      promptImages: groups.map(() => [shown]),
      toolImages: groups.map((g) => g.map(() => [])),
    };
    const { miniBatches } = packRollouts(rolled, config, vision);
    const trained = miniBatches.flat().flatMap(({ sequences }) => sequences);
    // The one that nobody could judge is left out, under DAPO the second task as well.
    expect(trained.length).toBe(config.zeroVariance === "drop" ? 3 : 5);
    const weighed = groups.flatMap((group, taskIndex) =>
      group.flatMap((_, rolloutIndex) => {
        const found = rolloutLoss({ ...of, taskIndex, rolloutIndex }, config);
        return found.weight > 0 ? [found] : [];
      }),
    );
    expect(weighed.map(({ weight, advantage }) => [weight, advantage])).toEqual(
      trained.map(({ targets }) => [targets[0]!.weight, targets[0]!.advantage]),
    );
  });

  test("by hand: GRPO and Dr. GRPO", () => {
    const grpo = rolloutLoss(of, under(lossRecipes.grpo.changes));
    // Rewards 1, 0 and 0.4: mean 7/15, deviation sqrt(19/75).
    const advantage = (1 - 7 / 15) / (Math.sqrt(19 / 75) + 1e-6);
    expect(grpo.advantage).toBeCloseTo(advantage, 9);
    // Five rollouts, two tokens.
    expect(grpo.weight).toBe(1 / 10);
    // The first token's ratio is e^0.3, above 1.2: clipped; the KL pulls on.
    const k3 = Math.exp(-0.4) + 0.4 - 1;
    expect(grpo.terms[0]!.loss).toBeCloseTo((-1.2 * advantage + 0.04 * k3) / 10, 9);
    expect(grpo.terms[0]!.slope).toBeCloseTo((0.04 * (1 - Math.exp(-0.4))) / 10, 9);
    expect(grpo.terms[1]!.slope).toBeCloseTo((-advantage * Math.exp(-0.35) + 0.04 * (1 - Math.exp(0.4))) / 10, 9);

    const dr = rolloutLoss(of, under(lossRecipes["dr-grpo"].changes));
    expect(dr.advantage).toBeCloseTo(1 - 7 / 15, 12);
    expect(dr.weight).toBe(1 / 16);
    expect(dr.terms[1]!.loss).toBeCloseTo((-(1 - 7 / 15) * Math.exp(-0.35)) / 16, 9);
  });

  test("GSPO has one ratio for all tokens", () => {
    const { terms } = rolloutLoss(of, under(lossRecipes.gspo.changes));
    for (const { ratio } of terms) expect(ratio).toBeCloseTo(Math.exp((0.3 - 0.35) / 2), 9);
  });

  test("what is left out weighs nothing", () => {
    const config = under({});
    const unjudged = rolloutLoss({ ...of, rolloutIndex: 2 }, config);
    expect([unjudged.advantage, unjudged.weight]).toEqual([null, 0]);
    for (const { loss, slope } of unjudged.terms) expect([loss, slope]).toEqual([0, 0]);
  });

  test("log-probabilities that a log lacks are not taken from other tokens", () => {
    const [prompt, turn] = attempt(2, 1).segments;
    const unlogged = { ...attempt(2, 1), segments: [prompt!, { ...turn!, logprobs: [-0.5] }, turn!] };
    expect(sampledLogprobs(unlogged)).toEqual([-0.5, Number.NaN, -0.5, -0.75]);
    const { terms } = rolloutLoss(
      { ...of, groups: [[unlogged, attempt(6, 0)]], logprobs: [-0.5, -0.5, -0.5, -0.75], refLogprobs: null },
      under({}),
    );
    expect(terms.map(({ ratio }) => ratio)).toEqual([1, Number.NaN, 1, 1]);
  });

  test("a gradient's length at the logits is that of the loss's differences", () => {
    const logits = [0.3, -0.8, 1.1];
    const temperature = 0.7;
    const config = under({ ...lossRecipes.grpo.changes, temperature });
    const logprob = (z: readonly number[]) =>
      z[0]! / temperature - Math.log(z.reduce((sum, value) => sum + Math.exp(value / temperature), 0));
    const loss = (z: readonly number[]) => {
      const { terms } = rolloutLoss({ ...of, logprobs: [-0.2, logprob(z)] }, config);
      return terms[1]!;
    };
    const p = logits.map((_, j) => logprob([logits[j]!, ...logits.filter((_, i) => i !== j)])).map(Math.exp);
    const spread = Math.hypot(1 - p[0]!, p[1]!, p[2]!);
    const steps = logits.map((_, j) => {
      const moved = (by: number) => logits.map((value, i) => value + (i === j ? by : 0));
      return (loss(moved(1e-5)).loss - loss(moved(-1e-5)).loss) / 2e-5;
    });
    expect(Math.hypot(...steps)).toBeGreaterThan(1e-3);
    expect(logitGradients([loss(logits)], [spread], temperature)[0]).toBeCloseTo(Math.hypot(...steps), 6);
  });
});
