import { afterAll, describe, expect, test } from "vitest";
import { referenceSettings } from "../../src/app/parity/check.ts";
import type { InputImage } from "../../src/model/vision_rows.ts";
import { klKinds } from "../../src/ops/policy_loss.ts";
import type { Metrics } from "../../src/train/events.ts";
import { Learner, type UpdateSettings } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { update } from "../../src/train/update.ts";
import { gpu } from "../support/device.ts";
import { goldenModel } from "../support/golden.ts";

/** Nothing moves; beta1 0 and no clipping leave the bare gradient where the optimizer keeps its mean. */
const still: UpdateSettings = { ...referenceSettings, temperature: 0.8, suppressed: [7, 8] };

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
function measure(settings: UpdateSettings, of = groups): Promise<Metrics> {
  // The new mean is rounded by the old one.
  model.parameters.resetOptimizer();
  return update(
    { miniBatches: [of], leftOut: {} },
    { learner, reference: { logprobs: async () => reference }, settings, passes: 1, updates: 0 },
  );
}

/** Moves all weights along the gradient, and expects the loss to change by the square of its norm. */
async function expectSlope(settings: UpdateSettings, of = groups): Promise<void> {
  const here = await measure(settings, of);
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
    return (await measure(settings, of)).loss!;
  };
  const [above, below] = [await moved(1), await moved(-1)];
  for (const [name, values] of start) model.parameters.set(name, values);
  expect((above - below) / (2 * step * here.grad_norm!)).toBeCloseTo(1, 2);
  expect(here.grad_norm).toBeGreaterThan(1e-3);
}

describe("through the whole model, the gradient is that of", () => {
  test("the entropy", () => expectSlope({ ...still, entropyCoef: 0.5 }));
  test.each(klKinds)(
    "the KL by %s",
    async (klLossType) => void (await expectSlope({ ...still, klLossCoef: 0.5, klLossType })),
  );
  test("GSPO's loss, where all tokens of a sequence weigh the same", async () => {
    const sampled = await learner.logprobs(groups, still);
    let n = 0;
    const own = groups.map((group) => ({
      ...group,
      sequences: group.sequences.map((sequence, s) => ({
        ...sequence,
        targets: sequence.targets.map((target, t) => ({
          ...target,
          weight: 0.5 / sequence.targets.length,
          // A mean ratio of its own for each sequence, within the bounds; those of the tokens are far outside.
          oldLogprob: sampled[n++]! - (s === 0 ? 0.1 : -0.05) - (t % 2 === 0 ? 1 : -1),
          advantage: s === 0 ? 1.5 : -0.75,
        })),
      })),
    }));
    const settings = { ...still, clipRatioLow: 0.9, clipRatioHigh: 1, clipRatioC: 0, ratioLevel: "sequence" } as const;
    await expectSlope(settings, own);
    expect((await measure(settings, own)).clip_fraction).toBe(0);
    expect((await measure({ ...settings, ratioLevel: "token" }, own)).clip_fraction).toBeGreaterThan(0.3);
  });
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
