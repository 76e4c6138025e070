import { expect, test } from "vitest";
import { normDifference } from "../../src/app/parity/tolerance.ts";
import type { InputImage } from "../../src/model/vision_rows.ts";
import { Learner, type UpdateSettings } from "../../src/train/learner.ts";
import type { PackedGroup, Sequence } from "../../src/train/pack.ts";
import { gpu } from "../support/device.ts";
import { goldenModel } from "../support/golden.ts";

/** Nothing moves; beta1 0 and no clipping leave the bare gradient where the optimizer keeps its mean. */
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
  klLossCoef: 0,
  klLossType: "low_var_kl",
  entropyCoef: 0,
  temperature: 1,
  suppressed: [],
};

test("an update that is given up between two micro-batches leaves everything as it was", async () => {
  const { model } = await goldenModel("qwen3-deepstack");
  const group = (seed: number): PackedGroup => {
    const tokens = Array.from({ length: 12 }, (_, i) => 10 + ((seed * 31 + i * 7) % 80));
    const targets = [
      { at: 4, token: 20, weight: 0.5 },
      { at: 9, token: 30, weight: 0.5 },
    ];
    return { prefix: { tokens: [], images: [] }, sequences: [{ tokens, images: [], targets }] };
  };
  const groups = [group(1), group(2), group(3)];
  const moving = { ...settings, learningRate: 1e-2 };
  const before = await model.trained.read();
  const moments = await model.trained.read("m");

  // A pass holds one group: three micro-batches.
  const learner = new Learner(gpu, model, "nll", 1);
  const stop = new AbortController();
  const updating = learner.update(groups, moving, { updatesBefore: 0, signal: stop.signal });
  setTimeout(() => stop.abort());
  const error = await updating.catch((reason: unknown) => reason);
  expect(error).toBe(stop.signal.reason);
  expect(await model.trained.read()).toEqual(before);
  expect(await model.trained.read("m")).toEqual(moments);
  for (const d of (await model.trained.read("d")).values()) expect(d.every((value) => value === 0)).toBe(true);

  const { logprobs } = await learner.update(groups, moving, { updatesBefore: 0 });
  const after = await model.trained.read();
  for (const [name, values] of before) model.trained.set(name, values);
  model.trained.resetOptimizer();
  const fresh = new Learner(gpu, model, "nll", 1);
  expect((await fresh.update(groups, moving, { updatesBefore: 0 })).logprobs).toEqual(logprobs);
  expect(await model.trained.read()).toEqual(after);
  expect(after).not.toEqual(before);
  learner.free();
  fresh.free();
});

test("a group that shares its prompt has the loss and gradients of rollouts that each bring their own", async () => {
  const { model, images } = await goldenModel("qwen3-deepstack");
  const [large, small] = images as [InputImage, InputImage];
  const { imageTokenId } = model.config;
  const text = (seed: number, count: number) =>
    Array.from({ length: count }, (_, i) => 10 + ((seed * 31 + i * 7) % 80));
  const picture = ({ grid }: InputImage) => new Array<number>((grid.h * grid.w) / 4).fill(imageTokenId);
  const prompt = (seed: number, image: InputImage) => ({
    tokens: [...text(seed, 5), ...picture(image), ...text(seed + 1, 4)],
    images: [image],
  });
  /** A turn, what a tool says with a picture in it, another turn; or one turn alone. */
  const rollout = (seed: number, lengths: readonly [number, number?], advantage: number): Sequence => {
    const turns = lengths.map((length, t) => text(seed + t, length!));
    const answer = turns.length === 2 ? [...text(seed + 2, 3), ...picture(small), ...text(seed + 3, 2)] : [];
    const targets = turns.flatMap((turn, t) =>
      turn.map((token, i) => ({
        at: (t === 0 ? 0 : turns[0]!.length + answer.length) + i - 1,
        token,
        weight: 0.02 + 0.01 * (i % 2),
        oldLogprob: -4.4 - 0.2 * ((seed + i) % 3),
        advantage,
      })),
    );
    return {
      tokens: [...turns[0]!, ...answer, ...(turns[1] ?? [])],
      images: answer.length > 0 ? [small] : [],
      targets,
    };
  };
  const tasks = [
    {
      prefix: prompt(1, large),
      sequences: [rollout(10, [9, 4], 1.2), rollout(20, [6], -0.7), rollout(30, [11, 3], -0.5)],
    },
    { prefix: prompt(2, small), sequences: [rollout(40, [7, 5], 0.4), rollout(50, [1], -0.4)] },
  ] satisfies PackedGroup[];
  const repeated = tasks.flatMap(({ prefix, sequences }): PackedGroup[] =>
    sequences.map((sequence) => ({ prefix, sequences: [sequence] })),
  );

  const learner = new Learner(gpu, model, "policy");
  const gradients = async (groups: PackedGroup[]) => {
    const { logprobs, terms, gradNorm } = await learner.update(groups, settings, { updatesBefore: 0 });
    return { logprobs, terms, gradNorm, d: await model.trained.read("m") };
  };
  const [one, many] = [await gradients(tasks), await gradients(repeated)];

  expect(one.logprobs).toHaveLength(46);
  expect(one.logprobs).toEqual(many.logprobs);
  expect(one.terms).toEqual(many.terms);
  expect(one.gradNorm).toBeGreaterThan(0.1);
  expect(Math.abs(one.gradNorm / many.gradNorm - 1)).toBeLessThan(1e-5);
  // A key's bias has the gradient 0 under a softmax: rounding is all of it, and is measured against the others.
  for (const [name, d] of many.d)
    expect(normDifference(one.d.get(name)!, d, 1e-3 * many.gradNorm), name).toBeLessThan(1e-5);
  learner.free();
});
