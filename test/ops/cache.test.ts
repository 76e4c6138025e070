import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { cache } from "../../src/ops/cache.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

test("cache() puts each row's keys and values where its index says, and leaves the other rows", async () => {
  const plan = new Plan(gpu, "cache");
  const keys = plan.upload("keys", new Float32Array(4 * 2).fill(-1), [4, 1, 2]);
  const values = plan.upload("values", new Float32Array(4 * 2).fill(-2), [4, 1, 2]);
  const k = plan.upload("k", new Float32Array([1, 2, 3, 4]), [2, 1, 2]);
  const v = plan.upload("v", new Float32Array([5, 6, 7, 8]), [2, 1, 2]);
  const index = plan.upload("index", new Uint32Array([3, 1]), [2]);
  cache(plan, k, v, index, keys, values);
  plan.run();
  const [gotKeys, gotValues] = await gpu.read(keys, values);
  expect(gotKeys).toEqual(new Float32Array([-1, -1, 3, 4, -1, -1, 1, 2]));
  expect(gotValues).toEqual(new Float32Array([-2, -2, 7, 8, -2, -2, 5, 6]));
  plan.free();
});

test("cache() takes what was written into its inputs between replays", async () => {
  const plan = new Plan(gpu, "cache");
  const [keys, values] = [plan.empty("keys", [3, 1, 2]), plan.empty("values", [3, 1, 2])];
  const [k, v] = [plan.empty("k", [1, 1, 2]), plan.empty("v", [1, 1, 2])];
  const index = plan.empty("index", [1], "u32");
  cache(plan, k, v, index, keys, values);
  for (let row = 0; row < 3; row++) {
    gpu.write(index, Uint32Array.of(row));
    gpu.write(k, Float32Array.of(row, row + 10));
    gpu.write(v, Float32Array.of(-row, row + 20));
    plan.run();
  }
  const [gotKeys, gotValues] = await gpu.read(keys, values);
  expect(gotKeys).toEqual(new Float32Array([0, 10, 1, 11, 2, 12]));
  expect(gotValues).toEqual(new Float32Array([-0, 20, -1, 21, -2, 22]));
  plan.free();
});

test("cache() of many rows and heads equals a copy row by row", async () => {
  const [N, S, K, D] = [37, 90, 3, 10];
  const plan = new Plan(gpu, "cache");
  const [k, v, before] = [random(1, N * K * D), random(2, N * K * D), random(3, S * K * D)];
  const index = Uint32Array.from({ length: N }, (_, n) => (n * 7 + 5) % S);
  expect(new Set(index).size).toBe(N);
  const keys = plan.upload("keys", before, [S, K, D]);
  const values = plan.upload("values", before, [S, K, D]);
  cache(
    plan,
    plan.upload("k", k, [N, K, D]),
    plan.upload("v", v, [N, K, D]),
    plan.upload("index", index, [N]),
    keys,
    values,
  );
  plan.run();
  const [gotKeys, gotValues] = await gpu.read(keys, values);
  const [wantKeys, wantValues] = [before.slice(), before.slice()];
  index.forEach((row, n) => {
    wantKeys.set(k.subarray(n * K * D, (n + 1) * K * D), row * K * D);
    wantValues.set(v.subarray(n * K * D, (n + 1) * K * D), row * K * D);
  });
  expect(gotKeys).toEqual(wantKeys);
  expect(gotValues).toEqual(wantValues);
  plan.free();
});

test("cache() says what does not fit", () => {
  const plan = new Plan(gpu, "cache");
  const [k, v, index] = [gpu.empty("k_proj", [2, 1, 4]), gpu.empty("v_proj", [2, 1, 4]), gpu.empty("rows", [2], "u32")];
  const keys = gpu.empty("cache.keys", [9, 1, 4]);
  expect(() => cache(plan, k, v, index, gpu.empty("cache.keys", [9, 2, 4]), keys)).toThrow(
    "cache.keys has shape (9, 2, 4), expected (-1, 1, 4)",
  );
  expect(() => cache(plan, k, v, index, keys, gpu.empty("cache.values", [8, 1, 4]))).toThrow(
    "cache.values has shape (8, 1, 4), expected (9, 1, 4)",
  );
  expect(() => cache(plan, k, v, gpu.empty("rows", [3], "u32"), keys, keys)).toThrow(
    "rows has shape (3), expected (2)",
  );
});
