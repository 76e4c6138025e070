import { expect, test } from "vitest";
import { sampleOnHost } from "../../../src/onnx/policy/host_sampler.ts";
import { philox } from "../../../src/tasks/random.ts";

const key = { seed: 1, step: 2, task: 3, rollout: 4, sampled: 5 };
const logits = new Float32Array([0, Math.log(3), Number.NEGATIVE_INFINITY, Math.log(4)]);
const always = (word: number) => () => [word, 0, 0, 0] as const;
const plain = { temperature: 1, suppressed: [] };

test("a token is drawn by its range among the ids in order", () => {
  // Shares 1/8, 3/8, 0, 4/8.
  const drawn = (share: number) => sampleOnHost(logits, plain, key, always(Math.floor(share * 2 ** 24) * 256)).token;
  expect([0, 0.124, 0.126, 0.499, 0.501, 0.999].map(drawn)).toEqual([0, 0, 1, 1, 3, 3]);
});

test("log-probability and entropy are those of the distribution, without what is suppressed, at its temperature", () => {
  const first = sampleOnHost(logits, plain, key, always(0));
  expect(first.logprob).toBeCloseTo(Math.log(1 / 8), 6);
  expect(first.entropy).toBeCloseTo(-(1 / 8) * Math.log(1 / 8) - (3 / 8) * Math.log(3 / 8) - 0.5 * Math.log(0.5), 6);
  expect(first.likeliest.map(([id]) => id)).toEqual([3, 1, 0]);
  const without = sampleOnHost(logits, { temperature: 1, suppressed: [0, 3] }, key, always(0));
  expect(without).toMatchObject({ token: 1, logprob: 0, entropy: 0, likeliest: [[1, 0]] });
  const cold = sampleOnHost(logits, { temperature: 0.5, suppressed: [] }, key, always(0));
  expect(cold.logprob).toBeCloseTo(Math.log(1 / 26), 6);
});

test("temperature 0 takes the likeliest, of equal ones the first", () => {
  const greedy = { temperature: 0, suppressed: [] };
  expect(sampleOnHost(new Float32Array([1, 2, 2]), greedy, key, always(2 ** 32 - 1)).token).toBe(1);
  expect(sampleOnHost(new Float32Array([1, 2, 2]), { ...greedy, suppressed: [1] }, key, always(0)).token).toBe(2);
});

test("every number of the key changes the sample", () => {
  const flat = new Float32Array(4096);
  const token = (changes: Partial<typeof key>) => sampleOnHost(flat, plain, { ...key, ...changes }, philox).token;
  const others = Object.keys(key).map((name) => token({ [name]: 9 }));
  expect(new Set([token({}), ...others]).size).toBe(6);
  expect(token({})).toBe(token({}));
});

test("logits that are not numbers are refused", () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => sampleOnHost(new Float32Array([0, bad]), plain, key, philox)).toThrow("logits that are numbers");
});
