import { describe, expect, test } from "vitest";
import { Gpu } from "../../src/gpu/gpu.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { noIndex, type Tensor } from "../../src/gpu/tensor.ts";
import { gradNorm } from "../../src/ops/adamw.ts";
import { layernorm } from "../../src/ops/layernorm.ts";
import { linear } from "../../src/ops/linear.ts";
import { summarize } from "../../src/ops/logprob.ts";
import { rmsnorm } from "../../src/ops/rmsnorm.ts";
import {
  conversationWordCount,
  pick,
  placeWordCount,
  putConversation,
  sampleWordCount,
  samplingWordCount,
  samplingWords,
} from "../../src/ops/sample.ts";
import { causal, inputs, range, run, type Span, sharedPrefix } from "../support/attention.ts";
import { random } from "../support/gradcheck.ts";

// Kernels without workgroup memory and barriers, which software adapters take, and those that cards take give the same bits.
const shared = await Gpu.open(navigator.gpu, { unshared: false, unrolled: false });
const unshared = await Gpu.open(navigator.gpu, { unshared: true, unrolled: false });

/** What is computed on both devices; the second must have used another kernel. */
async function onBoth<T>(compute: (gpu: Gpu) => Promise<T>): Promise<[T, T]> {
  const labels = new Map<Gpu, string[]>();
  const results: T[] = [];
  for (const gpu of [shared, unshared]) {
    gpu.beforeRun = (plan) => {
      const of = plan.recorded.map(({ shader, entry }) => `${shader.name}.${entry}`);
      labels.set(gpu, [...(labels.get(gpu) ?? []), ...of]);
    };
    results.push(await compute(gpu));
    gpu.beforeRun = null;
  }
  expect(labels.get(unshared)?.some((label) => label.includes("unshared"))).toBe(true);
  expect(labels.get(shared)?.some((label) => label.includes("unshared"))).toBe(false);
  return results as [T, T];
}

/** Outputs and gradients of an op on weights. */
async function withGradients(
  gpu: Gpu,
  weights: readonly { values: Float32Array; shape: readonly number[] }[],
  op: (tape: Tape, ...tensors: Tensor[]) => Tensor,
): Promise<Float32Array[]> {
  const plan = new Plan(gpu, "op");
  const tape = new Tape(plan);
  const tensors = weights.map(({ values, shape }, i) => {
    const tensor = plan.upload(`weight ${i}`, values, shape);
    const d = plan.upload(`gradient ${i}`, new Float32Array(values.length), shape);
    tape.train(tensor, d);
    return { tensor, d };
  });
  const out = op(tape, ...tensors.map(({ tensor }) => tensor));
  const count = out.shape.reduce((a, b) => a * b, 1);
  gpu.write(tape.into(out)!.d, random(9, count));
  tape.backward();
  plan.run();
  const read = await gpu.read(out, ...tensors.map(({ d }) => d));
  plan.free();
  return read;
}

describe("without workgroup memory, with the same bits:", () => {
  const prefix = sharedPrefix(37, 9, 5);
  const windows = (N: number, size: number): Span[] =>
    range(0, N).map((n) => [Math.floor(n / size) * size, Math.min(N, Math.floor(n / size) * size + size), 0, 0]);
  const N = 83;
  const odd = range(0, N).map((n): Span => (n % 7 === 3 ? [5, 5, 9, 9] : [n, 40, 50, N - (n % 5)]));

  test.each([
    { name: "a causal sequence", H: 4, K: 2, D: 32, relation: { N: 45, ...causal(45) } },
    { name: "a prefix that sequences share", H: 4, K: 2, D: 16, relation: prefix },
    { name: "windows, small heads", H: 2, K: 2, D: 20, relation: { N, query: windows(N, 16), key: windows(N, 16) } },
    { name: "windows, one key head", H: 2, K: 1, D: 16, relation: { N, query: windows(N, 83), key: windows(N, 83) } },
    {
      // From 68 on a thread has one row; larger heads only take longer to compile.
      name: "spans of all kinds, and none",
      H: 2,
      K: 1,
      D: 68,
      relation: { N, query: odd, key: range(0, N).map((): Span => [0, 20, 20, N]) },
    },
  ])("attention on $name", async ({ H, K, D, relation }) => {
    const sizes = { N: relation.N, S: relation.N, H, K, D };
    const numbers = inputs(sizes);
    const [a, b] = await onBoth((gpu) => run(sizes, numbers, { ...relation, scale: 0.3 }, undefined, gpu));
    expect(b.out).toEqual(a.out);
    expect(b.dq).toEqual(a.dq);
    expect(b.dk).toEqual(a.dk);
    expect(b.dv).toEqual(a.dv);
  });

  test.each([16, 68, 128, 132, 320])("norms of rows of %i", async (C) => {
    const x = { values: random(1, 67 * C), shape: [67, C] };
    const weight = { values: random(2, C), shape: [C] };
    const bias = { values: random(3, C), shape: [C] };
    const layers = (gpu: Gpu) =>
      withGradients(gpu, [x, weight, bias], (tape, x, weight, bias) =>
        layernorm(tape, x!, { weight: weight!, bias: bias!, eps: 1e-6 }),
      );
    const rms = (gpu: Gpu) => withGradients(gpu, [x, weight], (tape, x, weight) => rmsnorm(tape, x!, weight!, 1e-6));
    for (const op of [layers, rms]) {
      const [a, b] = await onBoth(op);
      expect(b).toEqual(a);
    }
  });

  test("the gradient of a bias", async () => {
    const shapes = [[150, 8], [20, 8], [20]];
    const weights = shapes.map((shape, i) => ({
      values: random(
        i,
        shape.reduce((a, b) => a * b, 1),
      ),
      shape,
    }));
    const [a, b] = await onBoth((gpu) =>
      withGradients(gpu, weights, (tape, x, weight, bias) => linear(tape, x!, weight!, { bias })),
    );
    expect(b).toEqual(a);
  });

  test.each([100, 480, 2_000])("statistics of %i logits, and what is sampled from them", async (V) => {
    const rows = 21;
    const logits = random(5, rows * V).map((x) => 4 * x);
    const forbidden = new Uint32Array(V).map((_, id) => (id % 11 === 3 ? 0 : 1));
    for (const greedy of [false, true]) {
      const [a, b] = await onBoth(async (gpu) => {
        const plan = new Plan(gpu, "sampling");
        const settings = samplingWords({ seed: 3, step: 5, greedy, temperature: 0.8, stops: [7] });
        const slots = new Uint32Array(rows).map((_, row) => (row === 4 ? noIndex : row));
        const states = new Uint32Array(rows * conversationWordCount);
        for (const row of range(0, rows)) {
          const place = { token: 77, cached: 4, position: 9, task: row % 3, rollout: row };
          putConversation(states, row, { ...place, sampled: 0, done: row === 6 });
        }
        const allowed = plan.upload("allowed", forbidden, [V]);
        const sample = {
          conversations: plan.upload("state", states, [rows, conversationWordCount]),
          places: plan.upload("places", new Uint32Array(rows * placeWordCount), [rows, placeWordCount]),
          sampling: plan.upload("sampling", settings, [samplingWordCount]),
          allowed,
          samples: plan.upload("samples", new Uint32Array(rows * sampleWordCount), [rows, 1, sampleWordCount]),
        };
        const table = plan.upload("logits", logits, [rows, V]);
        const temperature = plan.upload("temperature", Float32Array.of(0.8), [1]);
        const stats = summarize(plan, table, { allowed, temperature });
        pick(plan, sample, { slots: plan.upload("slots", slots, [rows]), logits: table, stats });
        plan.run();
        const words = await gpu.readUint(stats, sample.conversations, sample.samples);
        plan.free();
        return words;
      });
      expect(b).toEqual(a);
      // Rows 4 and 6 have no token; the others' are not all the same.
      expect(new Set(a[2]!.filter((_, i) => i % sampleWordCount === 0)).size).toBeGreaterThan(5);
    }
  });

  test("the norm of gradients", async () => {
    const [a, b] = await onBoth(async (gpu) => {
      const plan = new Plan(gpu, "norm");
      const ds = [4096 * 2 + 6, 5].map((count, i) => plan.upload(`d ${i}`, random(i, count), [count]));
      const norm = gradNorm(plan, ds);
      plan.run();
      const [value] = await gpu.readUint(norm);
      plan.free();
      return value!;
    });
    expect(b).toEqual(a);
  });
});
