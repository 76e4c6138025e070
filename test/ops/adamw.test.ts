import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { type AdamSettings, adamWordCount, adamWords, adamw, gradNorm } from "../../src/ops/adamw.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

const usual: AdamSettings = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: 0,
};

/** In double precision, in place. */
function exact(
  { weight, m, v, d }: { weight: Float64Array; m: Float64Array; v: Float64Array; d: Float32Array },
  decayEnd: number,
  s: AdamSettings,
  step: number,
) {
  const norm = Math.sqrt(d.reduce((sum, x) => sum + x * x, 0));
  const clip = s.maxGradNorm > 0 ? Math.min(1, s.maxGradNorm / (norm + 1e-6)) : 1;
  for (let i = 0; i < weight.length; i++) {
    const g = d[i]! * clip;
    if (i < decayEnd) weight[i]! *= 1 - s.learningRate * s.weightDecay;
    m[i] = s.beta1 * m[i]! + (1 - s.beta1) * g;
    v[i] = s.beta2 * v[i]! + (1 - s.beta2) * g * g;
    weight[i]! -=
      ((s.learningRate / (1 - s.beta1 ** step)) * m[i]!) / (Math.sqrt(v[i]! / (1 - s.beta2 ** step)) + s.eps);
  }
}

function record(n: number, weights: Float32Array, decayEnd: number) {
  const plan = new Plan(gpu, "adamw");
  const up = (name: string, values: Float32Array) => plan.upload(name, values, [n]);
  const tensors = {
    weight: up("weight", weights),
    d: up("d", new Float32Array(n)),
    m: up("m", new Float32Array(n)),
    v: up("v", new Float32Array(n)),
  };
  const settings = plan.upload("settings", new Uint32Array(adamWordCount), [adamWordCount]);
  const norm = gradNorm(plan, [tensors.d]);
  adamw(plan, { ...tensors, decayEnd, settings, norm });
  return { plan, ...tensors, settings, norm };
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((w, x, i) => Math.max(w, Math.abs(x - b[i]!)), 0);

test("adamw() takes its first step of nearly the learning rate against the gradient's sign", async () => {
  const { plan, weight, d, settings } = record(2, new Float32Array([1, 1]), 1);
  gpu.write(d, new Float32Array([0.5, -3]));
  gpu.write(settings, adamWords({ ...usual, learningRate: 0.1, weightDecay: 0.5 }, 1));
  plan.run();
  const after = await gpu.read(weight);
  expect(after[0]).toBeCloseTo(0.95 - 0.1, 5);
  expect(after[1]).toBeCloseTo(1 + 0.1, 5);
  plan.free();
});

for (const maxGradNorm of [0, 0.5, 1e4])
  test(`adamw() equals double precision over five steps ${maxGradNorm ? `clipped at ${maxGradNorm}` : "without clipping"}`, async () => {
    const [n, decayEnd] = [5000, 3100];
    const settings = { ...usual, maxGradNorm };
    const weights = random(1, n);
    const gpuSide = record(n, weights, decayEnd);
    const [w, m, v] = [Float64Array.from(weights), new Float64Array(n), new Float64Array(n)];
    for (let step = 1; step <= 5; step++) {
      const d = random(10 + step, n);
      gpu.write(gpuSide.d, d);
      gpu.write(gpuSide.settings, adamWords(settings, step));
      gpuSide.plan.run();
      exact({ weight: w, m, v, d }, decayEnd, settings, step);
    }
    const [weight, d, mean, square] = await gpu.read(gpuSide.weight, gpuSide.d, gpuSide.m, gpuSide.v);
    expect(worst(weight!, w)).toBeLessThan(2e-6);
    expect(worst(mean!, m)).toBeLessThan(1e-6);
    expect(worst(square!, v)).toBeLessThan(1e-7);
    expect(d!.every((x) => x === 0)).toBe(true);
    gpuSide.plan.free();
  });

for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
  test(`adamw() leaves everything but the gradient where one number of it is ${bad}`, async () => {
    const weights = random(1, 300);
    const { plan, weight, d, m, v, settings } = record(300, weights, 300);
    const moments = [random(2, 300), random(3, 300).map(Math.abs)];
    const values = random(4, 300);
    values[123] = bad;
    gpu.write(d, values);
    gpu.write(m, moments[0]!);
    gpu.write(v, moments[1]!);
    gpu.write(settings, adamWords({ ...usual, maxGradNorm: 1 }, 3));
    plan.run();
    const after = await gpu.read(weight, m, v, d);
    expect(after).toEqual([weights, ...moments, new Float32Array(300)]);
    plan.free();
  });

test("gradNorm() is one norm over all segments, the same bits every time", async () => {
  const segments = [random(1, 3), random(2, 9000), random(3, 4096)];
  const plan = new Plan(gpu, "norm");
  const norm = gradNorm(
    plan,
    segments.map((values, i) => plan.upload(`d${i}`, values, [values.length])),
  );
  plan.run();
  const first = (await gpu.read(norm))[0]!;
  plan.run();
  expect((await gpu.read(norm))[0]).toBe(first);
  const wanted = Math.sqrt(segments.reduce((sum, values) => sum + values.reduce((s, x) => s + x * x, 0), 0));
  expect(Math.abs(first / wanted - 1)).toBeLessThan(1e-6);
  plan.free();
});

test("adamw() says what does not fit", () => {
  const plan = new Plan(gpu, "adamw");
  const [n4, n5] = [gpu.empty("weight", [4]), gpu.empty("m", [5])];
  const rest = { settings: gpu.empty("settings", [adamWordCount]), norm: gpu.empty("norm", [1]) };
  expect(() => adamw(plan, { weight: n4, d: n4, m: n5, v: n4, decayEnd: 0, ...rest })).toThrow(
    "m has shape (5), expected (4)",
  );
  expect(() => adamw(plan, { weight: n4, d: n4, m: n4, v: n4, decayEnd: 5, ...rest })).toThrow(
    "decayEnd is 5, expected between 0 and the 4 numbers of weight",
  );
});
