import { expect, test } from "vitest";
import { normDifference } from "../../src/app/parity/tolerance.ts";
import type { InputImage } from "../../src/model/vision_rows.ts";
import { Learner, type UpdateSettings } from "../../src/train/learner.ts";
import type { PackedGroup, Sequence } from "../../src/train/pack.ts";
import { gpu } from "../support/device.ts";
import { goldenModel } from "../support/golden.ts";
import { random } from "../support/gradcheck.ts";

/** A learning rate of 0 keeps the weights; beta1 0 and no clipping leave the gradient as the optimizer's first moment. */
const settings: UpdateSettings = {
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
  klLossCoef: 0.5,
  klLossType: "low_var_kl",
  entropyCoef: 0.1,
  temperature: 1,
  suppressed: [],
};

test("gradients of several micro-batches add up to that of one batch, whatever passes they were computed in", async () => {
  const { model, images } = await goldenModel("qwen3-deepstack");
  const [large, small] = images as [InputImage, InputImage];
  const { imageTokenId } = model.config;
  const text = (seed: number, count: number) =>
    Array.from({ length: count }, (_, i) => 10 + ((seed * 31 + i * 7) % 80));
  const sequence = (seed: number, length: number): Sequence => {
    const tokens = text(seed, length);
    const targets = tokens.map((token, i) => ({
      at: i - 1,
      token,
      weight: 0.02 + 0.01 * (i % 2),
      oldLogprob: -4.4 - 0.2 * ((seed + i) % 3),
      advantage: seed % 2 === 0 ? 1.2 : -0.7,
    }));
    return { tokens, images: [], targets };
  };
  const group = (seed: number, lengths: number[], image?: InputImage): PackedGroup => {
    const picture = image ? new Array<number>((image.grid.h * image.grid.w) / 4).fill(imageTokenId) : [];
    return {
      prefix: { tokens: [...text(seed, 5), ...picture, ...text(seed + 1, 4)], images: image ? [image] : [] },
      sequences: lengths.map((length, i) => sequence(seed + 10 * i, length)),
    };
  };
  // Four sizes: the plan of the first micro-batch serves the third again, the others need plans of their own.
  const groups = [group(1, [9, 4], small), group(2, [6], large), group(3, [9, 4], small), group(4, [3, 70])];
  const targets = groups.flatMap(({ sequences }) => sequences.flatMap((one) => one.targets)).length;
  const reference = random(5, targets).map((x) => x - 4);

  const updated = async (mostBytes?: number) => {
    const learner = new Learner(gpu, model, "policy", mostBytes);
    let passes = 0;
    gpu.beforeRun = ({ name }) => {
      if (name !== "optimizer") passes++;
    };
    // Twice: the second update begins with gradients of 0 again.
    const results = [
      await learner.update(groups, settings, { updatesBefore: 0, refLogprobs: reference }),
      await learner.update(groups, settings, { updatesBefore: 1, refLogprobs: reference }),
    ];
    gpu.beforeRun = null;
    expect(results[1]).toEqual(results[0]);
    learner.free();
    return { result: results[0]!, d: await model.trained.read("m"), passes: passes / 2 };
  };
  const [whole, parts] = [await updated(), await updated(1)];

  expect([whole.passes, parts.passes]).toEqual([1, 4]);
  expect(whole.result.logprobs).toHaveLength(targets);
  // Each token has the same bits in every batch, and results keep the order of the targets.
  for (const name of ["logprobs", "entropies", "terms"] as const)
    expect(parts.result[name], name).toEqual(whole.result[name]);
  expect(whole.result.gradNorm).toBeGreaterThan(0.1);
  expect(Math.abs(parts.result.gradNorm / whole.result.gradNorm - 1)).toBeLessThan(1e-5);
  // The gradient of a key's bias is 0 under a softmax: its rounding errors are compared with the whole gradient.
  for (const [name, d] of whole.d)
    expect(normDifference(parts.d.get(name)!, d, 1e-3 * whole.result.gradNorm), name).toBeLessThan(1e-5);
});
