import { beforeAll, describe, expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { ropePositions } from "../../src/model/positions.ts";
import { TextRows } from "../../src/model/text_rows.ts";
import { VisionRows } from "../../src/model/vision_rows.ts";
import { GpuPolicy } from "../../src/policy/gpu_policy.ts";
import { advantages } from "../../src/train/advantage.ts";
import { Learner, type UpdateSettings } from "../../src/train/learner.ts";
import { type PackedGroup, pack } from "../../src/train/pack.ts";
import { gpu } from "../support/device.ts";
import { goldenModel, largestDifference, norm, normDifference, relativeDifference } from "../support/golden.ts";

const settings: UpdateSettings = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.01,
  decayVectors: true,
  maxGradNorm: 1,
  clipRatioLow: 0.2,
  clipRatioHigh: 0.2,
  clipRatioC: 3,
  klLossCoef: 0,
  temperature: 1,
  suppressed: [],
};

describe.each(["qwen3-deepstack", "qwen3-plain"])("%s equals transformers", (name) => {
  let golden: Awaited<ReturnType<typeof goldenModel>>;
  beforeAll(async () => {
    golden = await goldenModel(name);
  });

  const shown = () => golden.testCase.sequence.images.map((i: number) => golden.images[i]!);

  test("image tokens and deepstack features", async () => {
    const { model, expected } = golden;
    const plan = new Plan(gpu, "vision");
    const patches = shown().reduce((n: number, i: { grid: { h: number; w: number } }) => n + i.grid.h * i.grid.w, 0);
    const rows = new VisionRows(plan, model.config.vision, patches + 8, false);
    rows.fill(shown());
    const { embeds, deepstack } = model.vision(new Tape(plan, false), rows);
    plan.run();
    const want = expected.floats("image_embeds");
    const got = await gpu.read(embeds);
    expect(relativeDifference(got.subarray(0, want.length), want)).toBeLessThan(1e-4);
    for (const [i, feature] of deepstack.entries()) {
      const wanted = expected.floats(`deepstack.${i}`);
      expect(relativeDifference((await gpu.read(feature)).subarray(0, wanted.length), wanted)).toBeLessThan(1e-4);
    }
    plan.free();
  });

  test("positions", () => {
    const { model, inputs, expected } = golden;
    const ids = inputs.integers("input_ids");
    const { t, h, w, next } = ropePositions(ids, model.config.imageTokenId, shown().map((i: { grid: never }) => i.grid), 2);
    expect([...t, ...h, ...w]).toEqual(expected.integers("position_ids"));
    expect([next - ids.length]).toEqual(expected.integers("rope_delta"));
  });

  test("hidden states", async () => {
    const { model, inputs, expected } = golden;
    const ids = inputs.integers("input_ids");
    const group: PackedGroup = { prefix: { tokens: ids, images: shown() }, sequences: [] };
    const packed = pack([group], model.config.imageTokenId, 2);
    const plan = new Plan(gpu, "text");
    const tape = new Tape(plan, false);
    const vision = new VisionRows(plan, model.config.vision, packed.images.reduce((n, { grid }) => n + grid.h * grid.w, 0), false);
    vision.fill(packed.images);
    const rows = new TextRows(plan, ids.length, model.config.text.vocabSize, vision.tokens, false);
    rows.fill(packed.rows);
    const hidden = model.text(tape, rows, model.vision(tape, vision));
    plan.run();
    const got = await gpu.read(hidden);
    const C = model.config.text.hiddenSize;
    const picked = inputs.integers("hidden_positions").flatMap((p) => [...got.subarray(p * C, (p + 1) * C)]);
    expect(relativeDifference(picked, expected.floats("hidden"))).toBeLessThan(1e-4);
    plan.free();
  });

  test("log-probabilities, entropies, loss and the gradient of every weight", async () => {
    const { model, inputs, expected, testCase } = golden;
    const ids = inputs.integers("input_ids");
    const mask = inputs.integers("loss_mask");
    const total = mask.reduce((a, b) => a + b, 0);
    const group: PackedGroup = {
      prefix: { tokens: [], images: [] },
      sequences: [{ tokens: ids, images: shown(), targets: ids.slice(1).map((token, at) => ({ at, token, weight: mask[at]! / total })) }],
    };
    model.parameters.resetOptimizer();
    const learner = new Learner(gpu, model, "nll");
    // A rate of 0 leaves the weights; the optimizer clears the gradients, so they are read from its first moment.
    const result = await learner.update([group], { ...settings, learningRate: 0, weightDecay: 0, beta1: 0, maxGradNorm: 0 });
    expect(largestDifference(result.logprobs, expected.floats("log_probs"))).toBeLessThan(1e-4);
    expect(largestDifference(result.entropies, expected.floats("entropies"))).toBeLessThan(1e-4);
    const loss = -result.logprobs.reduce((sum, lp, i) => sum + (lp * mask[i]!) / total, 0);
    expect(Math.abs(loss - expected.floats("loss")[0]!)).toBeLessThan(1e-4);

    const gradients = await model.parameters.read("m");
    const wanted = new Map<string, Float32Array>(testCase.parameters.map((p: string) => [p, expected.has(`grad.${p}`) ? expected.floats(`grad.${p}`) : new Float32Array(0)]));
    const floor = 1e-4 * Math.hypot(...[...wanted.values()].map(norm));
    const worst = [...wanted].map(([p, want]) => [normDifference(gradients.get(p)!, want.length ? want : new Float32Array(gradients.get(p)!.length), floor), p] as const).sort((a, b) => b[0] - a[0])[0]!;
    expect(worst[0], `gradient of ${worst[1]}`).toBeLessThan(1e-3);
    learner.free();
  });

  test("greedy text with the cache", async () => {
    const { model, inputs, expected, testCase } = golden;
    const { prompt_tokens: promptTokens, new_tokens: newTokens } = testCase.greedy;
    const policy = new GpuPolicy(gpu, model);
    const conversations = await policy.begin([{ tokens: inputs.integers("input_ids").slice(0, promptTokens), shown: shown().map((image: { pixels: never }) => image.pixels) }], 2, newTokens, {
      seed: 0,
      step: 0,
      temperature: 0,
      suppressed: [],
      stops: [],
    });
    const writing = conversations.write([0, 1], newTokens);
    let next = await writing.next();
    while (!next.done) next = await writing.next();
    for (const turn of next.value) {
      expect(turn.tokens).toEqual(expected.integers("greedy.ids"));
      expect(largestDifference(turn.logprobs, expected.floats("greedy.log_probs"))).toBeLessThan(1e-4);
    }
    conversations.close();
    policy.free();
  });
});

describe("GRPO through the shared prefix equals verl on qwen3-deepstack", () => {
  test.each(["base", "high", "kl", "high-kl", "seq", "seq-high", "seq-kl", "seq-high-kl"])("%s", async (variantName) => {
    const { model, inputs, expected, testCase, images } = await goldenModel("qwen3-deepstack");
    const { grpo } = testCase;
    const variant = grpo.variants.find((v: { name: string }) => v.name === variantName);
    const rewards = [...inputs.floats("grpo.rewards")];
    const advantage = advantages(rewards, { normAdvByStd: true });
    expect(largestDifference(advantage as number[], expected.floats("grpo.advantages"))).toBeLessThan(1e-5);

    const masks = rewards.map((_, g) => inputs.integers(`grpo.${g}.response_mask`));
    const total = masks.flat().reduce((a, b) => a + b, 0);
    const P = grpo.prompt_tokens;
    const refs: number[] = [];
    const group: PackedGroup = {
      prefix: { tokens: inputs.integers("grpo.0.input_ids").slice(0, P), images: [images[grpo.rollouts[0].images[0]]!] },
      sequences: masks.map((mask, g) => {
        const ids = inputs.integers(`grpo.${g}.input_ids`);
        const old = inputs.floats(`grpo.${g}.old_log_probs`);
        const ref = inputs.floats(`grpo.${g}.ref_log_probs`);
        const own = mask.reduce((a, b) => a + b, 0);
        return {
          tokens: ids.slice(P),
          images: grpo.rollouts[g].images.slice(1).map((i: number) => images[i]!),
          targets: mask.flatMap((m, t) => {
            if (!m) return [];
            refs.push(ref[t]!);
            const weight = variant.loss_agg_mode === "token-mean" ? 1 / total : 1 / (rewards.length * own);
            return [{ at: t - P, token: ids[t + 1]!, weight, oldLogprob: old[t]!, advantage: advantage[g]! }];
          }),
        };
      }),
    };
    const before = await model.parameters.read("weight");
    const learner = new Learner(gpu, model, "policy");
    const run = { ...settings, clipRatioHigh: variant.clip_ratio_high, klLossCoef: variant.kl_loss_coef };
    const { logprobs, terms, gradNorm } = await learner.update([group], run, Float32Array.from(refs));

    const wantedLogprobs = masks.flatMap((mask, g) => [...expected.floats(`grpo.${g}.log_probs`)].filter((_, t) => mask[t]));
    expect(largestDifference(logprobs, wantedLogprobs)).toBeLessThan(1e-4);
    const weights = group.sequences.flatMap((s) => s.targets.map((t) => t.weight));
    const mean = (column: number, by: (i: number) => number) => weights.reduce((sum, _, i) => sum + by(i) * terms[i * 6 + column]!, 0);
    const weighted = (column: number) => mean(column, (i) => weights[i]!);
    const tokenMean = (column: number) => mean(column, () => 1 / total);
    expect(Math.abs(weighted(0) - variant.pg_loss)).toBeLessThan(1e-4);
    if (variant.kl_loss !== null) expect(Math.abs(weighted(1) - variant.kl_loss)).toBeLessThan(1e-4);
    expect(Math.abs(tokenMean(2) - variant["actor/pg_clipfrac"])).toBeLessThan(1e-4);
    expect(Math.abs(tokenMean(3) - variant["actor/pg_clipfrac_lower"])).toBeLessThan(1e-4);
    expect(Math.abs(tokenMean(5) - variant["actor/ppo_kl"])).toBeLessThan(1e-4);
    expect(Math.abs(gradNorm / variant.grad_norm - 1)).toBeLessThan(1e-3);

    // The first moment of a fresh AdamW is the clipped gradient times 1 - beta1.
    const clip = Math.min(1, settings.maxGradNorm / (gradNorm + 1e-6));
    const moments = await model.parameters.read("m");
    const gradient = (name: string) => moments.get(name)!.map((v) => v / (1 - settings.beta1) / clip);
    const norms = expected.floats(`grpo.${variantName}.grad_norms`);
    testCase.parameters.forEach((name: string, i: number) => {
      expect(Math.abs(norm(gradient(name)) - norms[i]!) / Math.max(norms[i]!, 1e-4 * variant.grad_norm), name).toBeLessThan(1e-3);
    });
    const after = await model.parameters.read("weight");
    for (const name of testCase.parameters as string[]) {
      const key = `grpo.${variantName}.grad.${name}`;
      if (expected.has(key)) expect(normDifference(gradient(name), expected.floats(key), 1e-4 * variant.grad_norm), name).toBeLessThan(1e-3);
      const delta = `grpo.${variantName}.delta.${name}`;
      if (!expected.has(delta)) continue;
      // A fresh step is the sign of the gradient: near zero it says nothing.
      const reference = expected.floats(key);
      const largest = Math.max(...reference.map(Math.abs));
      const clear = [...reference.keys()].filter((i) => Math.abs(reference[i]!) >= 1e-3 * largest);
      const moved = after.get(name)!;
      const start = before.get(name)!;
      const want = expected.floats(delta);
      expect(normDifference(clear.map((i) => moved[i]! - start[i]!), clear.map((i) => want[i]!), 0), name).toBeLessThan(1e-3);
    }
    learner.free();
    model.parameters.free();
  });
});
