import { afterAll, describe, expect, test } from "vitest";
import type { InputImage } from "../../src/model/vision_rows.ts";
import { klKinds } from "../../src/ops/policy_loss.ts";
import type { Metrics } from "../../src/train/events.ts";
import { Learner, type UpdateSettings } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { update } from "../../src/train/update.ts";
import { gpu } from "../support/device.ts";
import { goldenModel } from "../support/golden.ts";

/** Nothing moves; beta1 0 and no clipping leave the bare gradient where the optimizer keeps its mean. */
const still: UpdateSettings = {
  learningRate: 0,
  beta1: 0,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0,
  decayVectors: true,
  maxGradNorm: 0,
  clipRatioLow: 0.2,
  clipRatioHigh: 0.2,
  clipRatioC: 3,
  klLossCoef: 0,
  klLossType: "low_var_kl",
  entropyCoef: 0,
  temperature: 0.8,
  suppressed: [7, 8],
};

const { model, images } = await goldenModel("qwen3-plain");
const image = images[0] as InputImage;
const learner = new Learner(gpu, model, "policy");
afterAll(() => learner.free());

const text = (seed: number, count: number) => Array.from({ length: count }, (_, i) => 10 + ((seed * 31 + i * 7) % 60));
const pad = new Array<number>((image.grid.h * image.grid.w) / 4).fill(model.config.imageTokenId);
const groups: PackedGroup[] = [
  {
    prefix: { tokens: [...text(1, 4), ...pad, ...text(2, 3)], images: [image] },
    sequences: [6, 3].map((length, i) => ({
      tokens: text(3 + i, length),
      images: [],
      targets: text(3 + i, length).map((token, t) => ({
        at: t - 1,
        token,
        weight: 0.05 + 0.01 * t,
        oldLogprob: -4,
        // Without an advantage the policy loss is 0, and what remains is what is tested.
        advantage: 0,
      })),
    })),
  },
];

/** Near enough that no clamp of a KL is reached, on both sides. */
const reference = (await learner.logprobs(groups, still)).map((logprob, i) => logprob + 0.3 * (i - 4) + 0.1);

/** The loss and, left in the optimizer's mean, its gradient. */
function measure(settings: UpdateSettings): Promise<Metrics> {
  // The new mean is rounded by the old one.
  model.parameters.resetOptimizer();
  return update(
    { miniBatches: [groups], leftOut: {} },
    { learner, reference: { logprobs: async () => reference }, settings, passes: 1, updates: 0 },
  );
}

/** Moves all weights along the gradient, and expects the loss to change by the square of its norm. */
async function expectSlope(settings: UpdateSettings): Promise<void> {
  const here = await measure(settings);
  const start = await model.parameters.read("weight");
  const gradient = await model.parameters.read("m");
  // So far that the loss changes by a hundredth.
  const step = 0.01 / here.grad_norm!;
  const moved = async (factor: number) => {
    for (const [name, values] of start)
      model.parameters.set(
        name,
        values.map((value, i) => value + factor * gradient.get(name)![i]! * (step / here.grad_norm!)),
      );
    return (await measure(settings)).loss!;
  };
  const [above, below] = [await moved(1), await moved(-1)];
  for (const [name, values] of start) model.parameters.set(name, values);
  expect((above - below) / (2 * step * here.grad_norm!)).toBeCloseTo(1, 2);
  expect(here.grad_norm).toBeGreaterThan(1e-3);
}

describe("through the whole model, the gradient is that of", () => {
  test("the entropy", () => expectSlope({ ...still, entropyCoef: 0.5 }));
  test.each(klKinds)("the KL by %s", (klLossType) => expectSlope({ ...still, klLossCoef: 0.5, klLossType }));
  test("both together", () => expectSlope({ ...still, klLossCoef: 0.3, klLossType: "mse", entropyCoef: -0.2 }));
});

test("an entropy coefficient of 0 leaves every bit as it was, before and after another", async () => {
  const settings = { ...still, klLossCoef: 0.5 };
  const once = await measure(settings);
  const gradient = await model.parameters.read("m");
  const other = await measure({ ...settings, entropyCoef: 0.1 });
  expect(other.entropy_loss).toBeGreaterThan(0);
  expect(other.grad_norm).not.toBe(once.grad_norm);
  expect(await measure(settings)).toEqual(once);
  expect(await model.parameters.read("m")).toEqual(gradient);
  expect(once).not.toHaveProperty("entropy_loss");
});
