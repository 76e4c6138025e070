import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { noIndex, reshape, type Tensor } from "../../src/gpu/tensor.ts";
import { linear } from "../../src/ops/linear.ts";
import { logprob, summarize } from "../../src/ops/logprob.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

const ones = (count: number) => new Uint32Array(count).fill(1);
const u32 = (values: number[] | Uint32Array) => gpu.upload("u32", Uint32Array.from(values), [values.length]);
const heat = (value: number) => gpu.upload("temperature", new Float32Array([value]), [1]);

interface Case {
  sizes: [N: number, C: number, V: number];
  /** h, weight, dlogprob, and dentropy where the entropy has a gradient. */
  numbers: Float32Array[];
  targets: Uint32Array;
  allowed: Uint32Array;
  temperature: number;
}

/** Forward and backward in double precision. */
function exact({ sizes: [N, C, V], numbers: [h, weight, dlogprob, dentropy], targets, allowed, temperature }: Case) {
  const result = {
    logprob: new Float64Array(N),
    entropy: new Float64Array(N),
    dh: new Float64Array(N * C),
    dweight: new Float64Array(V * C),
  };
  for (let n = 0; n < N; n++) {
    const z = Float64Array.from({ length: V }, (_, v) => {
      let sum = 0;
      for (let c = 0; c < C; c++) sum += h![n * C + c]! * weight![v * C + c]!;
      return sum / temperature;
    });
    const whole = z.reduce((s, x, v) => s + (allowed[v] ? Math.exp(x) : 0), 0);
    const p = z.map((x, v) => (allowed[v] ? Math.exp(x) / whole : 0));
    result.entropy[n] = p.reduce((s, x) => s - (x ? x * Math.log(x) : 0), 0);
    const counts = targets[n] !== noIndex;
    if (counts) result.logprob[n] = z[targets[n]!]! - Math.log(whole);
    for (let v = 0; v < V; v++) {
      const ofLogprob = counts ? dlogprob![n]! * ((v === targets[n] ? 1 : 0) - p[v]!) : 0;
      const ofEntropy = p[v] ? -(dentropy?.[n] ?? 0) * p[v]! * (Math.log(p[v]!) + result.entropy[n]!) : 0;
      const dz = (ofLogprob + ofEntropy) / temperature;
      for (let c = 0; c < C; c++) {
        result.dh[n * C + c]! += dz * weight![v * C + c]!;
        result.dweight[v * C + c]! += dz * h![n * C + c]!;
      }
    }
  }
  return result;
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((w, x, i) => Math.max(w, Math.abs(x - b[i]!)), 0);

async function run(
  { sizes: [N, C, V], numbers: [h, weight, dlogprob, dentropy], targets, allowed, temperature }: Case,
  chunkRows?: number,
) {
  const plan = new Plan(gpu, "logprob");
  const tape = new Tape(plan);
  const x = plan.upload("h", h!, [N, C]);
  const w = plan.upload("weight", weight!, [V, C]);
  const dw = plan.upload("dweight", new Float32Array(V * C), [V, C]);
  tape.train(w, dw);
  // An activation, whose gradient is assigned; the weight's is added to.
  let dh: Tensor | null = null;
  tape.record(x, [w], () => {
    dh = tape.gradient(x);
  });
  const out = logprob(
    tape,
    { h: x, weight: w, targets: u32(targets), allowed: u32(allowed), temperature: heat(temperature) },
    {
      chunkRows,
      entropyGradient: dentropy !== undefined,
    },
  );
  gpu.write(tape.into(out.logprob)!.d, dlogprob!);
  if (dentropy) gpu.write(tape.into(out.entropy)!.d, dentropy);
  tape.backward();
  plan.run();
  const [l, e, a, b] = await gpu.read(out.logprob, out.entropy, dh!, dw);
  plan.free();
  return { logprob: l!, entropy: e!, dh: a!, dweight: b! };
}

test("logprob() is the natural log-probability at a temperature over the allowed ids", async () => {
  // Logits 0, 2 ln 3, 100 (not allowed) at temperature 2: probabilities 1/4 and 3/4.
  const h = gpu.upload("h", new Float32Array([1]), [1, 1]);
  const weight = gpu.upload("weight", new Float32Array([0, 2 * Math.log(3), 100]), [3, 1]);
  const both = (tape: Tape) =>
    logprob(tape, { h, weight, targets: u32([1]), allowed: u32([1, 1, 0]), temperature: heat(2) });
  expect((await forward((tape) => both(tape).logprob))[0]).toBeCloseTo(Math.log(3 / 4), 6);
  expect((await forward((tape) => both(tape).entropy))[0]).toBeCloseTo(
    -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25),
    6,
  );
});

for (const chunkRows of [undefined, 64])
  test(`logprob() equals double precision, forward and backward, ${chunkRows ? "in chunks" : "in one chunk"}`, async () => {
    const sizes: [number, number, number] = [150, 9, 301];
    const [N, C, V] = sizes;
    const numbers = [random(1, N * C).map((x) => x * 3), random(2, V * C), random(3, N)];
    const targets = Uint32Array.from({ length: N }, (_, n) => (n % 7 === 3 ? noIndex : (n * 31) % V));
    const allowed = Uint32Array.from({ length: V }, (_, v) => (v % 5 === 4 ? 0 : 1));
    const got = await run({ sizes, numbers, targets, allowed, temperature: 0.7 }, chunkRows);
    const wanted = exact({ sizes, numbers, targets, allowed, temperature: 0.7 });
    expect(worst(got.logprob, wanted.logprob)).toBeLessThan(1e-5);
    expect(worst(got.entropy, wanted.entropy)).toBeLessThan(1e-5);
    expect(worst(got.dh, wanted.dh)).toBeLessThan(1e-5);
    expect(worst(got.dweight, wanted.dweight)).toBeLessThan(5e-5);
    expect(got.logprob[3]).toBe(0);
    expect(Array.from(got.dh.slice(3 * C, 4 * C))).toEqual(Array(C).fill(0));
  });

for (const chunkRows of [undefined, 64])
  test(`logprob() has the entropy's gradient in double precision, ${chunkRows ? "in chunks" : "in one chunk"}`, async () => {
    const sizes: [number, number, number] = [150, 9, 301];
    const [N, C, V] = sizes;
    const numbers = [random(1, N * C).map((x) => x * 3), random(2, V * C), random(3, N), random(4, N)];
    const targets = Uint32Array.from({ length: N }, (_, n) => (n % 7 === 3 ? noIndex : (n * 31) % V));
    const allowed = Uint32Array.from({ length: V }, (_, v) => (v % 5 === 4 ? 0 : 1));
    const got = await run({ sizes, numbers, targets, allowed, temperature: 0.7 }, chunkRows);
    const wanted = exact({ sizes, numbers, targets, allowed, temperature: 0.7 });
    expect(worst(got.dh, wanted.dh)).toBeLessThan(1e-5);
    expect(worst(got.dweight, wanted.dweight)).toBeLessThan(5e-5);
    // It is not lost beside the other: without it both are elsewhere.
    const without = exact({ sizes, numbers: numbers.slice(0, 3), targets, allowed, temperature: 0.7 });
    expect(worst(without.dh, wanted.dh)).toBeGreaterThan(0.1);
  });

test("logprob() has the gradient of its entropy beside that of its log-probability", () => {
  const targets = u32([2, noIndex, 0]);
  const allowed = u32([1, 1, 1, 0, 1]);
  const temperature = heat(0.8);
  const factor = gpu.upload("factor", new Float32Array([0.3]), [1, 1]);
  return gradcheck({ h: [3, 4], weight: [5, 4] }, (tape, { h, weight }) => {
    const out = logprob(tape, { h, weight, targets, allowed, temperature }, { entropyGradient: true });
    return linear(tape, reshape(out.logprob, 3, 1), factor, { residual: reshape(out.entropy, 3, 1) });
  });
});

test("logprob() says where the gradient of the entropy is missing", () => {
  const tape = new Tape(new Plan(gpu, "logprob"));
  const weight = gpu.empty("lm_head.weight", [5, 4]);
  tape.train(weight, gpu.empty("dweight", [5, 4]));
  const out = logprob(
    tape,
    { h: gpu.empty("hidden", [2, 4]), weight, targets: u32([0, 0]), allowed: u32(ones(5)), temperature: heat(1) },
    {
      entropyGradient: true,
    },
  );
  tape.into(out.logprob);
  expect(() => tape.backward()).toThrow("no gradient has reached logprob.entropy");
});

test("logprob() is accurate over a vocabulary of 151,936", async () => {
  const [N, V] = [2, 151_936];
  const h = new Float32Array([20, 1]);
  const weight = random(4, V);
  const targets = new Uint32Array([77_777, 3]);
  const got = await forward((tape) => {
    const out = logprob(tape, {
      h: gpu.upload("h", h, [N, 1]),
      weight: gpu.upload("weight", weight, [V, 1]),
      targets: u32(targets),
      allowed: u32(ones(V)),
      temperature: heat(1),
    });
    return { ...out.logprob, shape: [N] };
  });
  for (let n = 0; n < N; n++) {
    let whole = 0;
    for (let v = 0; v < V; v++) whole += Math.exp(h[n]! * weight[v]!);
    expect(Math.abs(got[n]! - (h[n]! * weight[targets[n]!]! - Math.log(whole)))).toBeLessThan(1e-5);
  }
});

test("logprob() has the bits of a token's logit / temperature less the lse of summarize(), alone and in a batch", async () => {
  const [N, C, V] = [70, 16, 480];
  const h = random(1, N * C);
  const weight = gpu.upload("weight", random(2, V * C), [V, C]);
  const targets = Uint32Array.from({ length: N }, (_, n) => (n * 13) % V);
  const allowed = u32(ones(V));
  const temperature = heat(1);
  const all = await forward(
    (tape) =>
      logprob(tape, { h: gpu.upload("h", h, [N, C]), weight, targets: u32(targets), allowed, temperature }).logprob,
  );

  const plan = new Plan(gpu, "sample");
  const logits = linear(new Tape(plan, false), plan.upload("h", h.slice(66 * C, 67 * C), [1, C]), weight);
  const stats = summarize(plan, logits, { allowed, temperature });
  plan.run();
  const [z, s] = await gpu.read(logits, stats);
  plan.free();
  expect(Math.fround(z![targets[66]!]! - s![1]!)).toBe(all[66]);
  expect(s![0]).toBe(Math.max(...z!));
});

test("logprob() has the gradient of its forward", () => {
  const targets = u32([2, noIndex, 0]);
  const allowed = u32([1, 1, 1, 0, 1]);
  const temperature = heat(0.8);
  return gradcheck(
    { h: [3, 4], weight: [5, 4] },
    (tape, { h, weight }) => logprob(tape, { h, weight, targets, allowed, temperature }).logprob,
  );
});

test("logprob() has the gradient of its forward over more ids than lanes", () => {
  const targets = u32([129]);
  const allowed = u32(ones(130));
  const temperature = heat(1);
  return gradcheck(
    { h: [1, 1], weight: [130, 1] },
    (tape, { h, weight }) => logprob(tape, { h, weight, targets, allowed, temperature }).logprob,
  );
});

test("logprob() names the tensor whose shape is wrong", () => {
  const tape = new Tape(new Plan(gpu, "logprob"));
  const weight = gpu.empty("lm_head.weight", [5, 4]);
  const h = gpu.empty("hidden", [2, 3]);
  expect(() => logprob(tape, { h, weight, targets: u32([0, 0]), allowed: u32(ones(5)), temperature: heat(1) })).toThrow(
    "hidden has shape (2, 3), expected (-1, 4)",
  );
});
