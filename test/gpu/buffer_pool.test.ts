import { expect, test } from "vitest";
import { countingGpu } from "../../src/gpu/counting_device.ts";

const mib = 2 ** 20;

test("large buffers are no larger than what is asked for", () => {
  const { pool } = countingGpu();
  pool.allocate(1000 * mib + 4, "weights.0");
  expect(pool.allocatedBytes).toBe(1000 * mib + 256);
});

test("a released buffer is reused for nearly its size, and not for much less", () => {
  const { pool } = countingGpu();
  const large = pool.allocate(100 * mib, "a");
  pool.release(large);
  expect(pool.allocate(80 * mib, "b")).not.toBe(large);
  // It would have raised the peak to keep it.
  expect(pool.allocatedBytes).toBe(80 * mib);
  const small = pool.allocate(10 * mib, "c");
  pool.release(small);
  expect(pool.allocate(9 * mib, "d")).toBe(small);
  expect(small.label).toBe("d");
});

test("a buffer cannot be released twice: two users would overwrite each other", () => {
  const { pool } = countingGpu();
  const buffer = pool.allocate(mib, "twice");
  pool.release(buffer);
  expect(() => pool.release(buffer)).toThrow("The buffer twice was released before");
  expect(pool.allocate(mib, "a")).not.toBe(pool.allocate(mib, "b"));
});

test("idle buffers never raise the peak, and take a bounded part of the memory", () => {
  const { pool } = countingGpu();
  const held = Array.from({ length: 30 }, (_, i) => pool.allocate((50 + i) * mib, "held"));
  const peak = pool.peak.bytes;
  for (const buffer of held) pool.release(buffer);
  expect(pool.allocatedBytes).toBeLessThanOrEqual(1024 * mib);
  // None of them is of use here.
  for (let i = 0; i < 10; i++) pool.allocate(150 * mib, "other");
  expect(pool.peak.bytes).toBe(peak);
});

test("the peak says what the memory was used for", () => {
  const gpu = countingGpu();
  gpu.empty("weights.0", [mib]);
  const cache = gpu.empty("cache.0.keys", [mib]);
  gpu.release(cache.buffer);
  gpu.empty("exp_avg.0", [mib / 4]);
  expect(gpu.pool.peak.bytes).toBe(8 * mib);
  expect(Object.fromEntries(gpu.pool.peak.uses)).toEqual({ weights: 4 * mib, "keys and values": 4 * mib, idle: 0 });
  gpu.empty("dweights.0", [2 * mib]);
  // The buffer of keys and values was idle, and is destroyed first.
  expect(gpu.pool.peak.bytes).toBe(13 * mib);
  expect(gpu.pool.peak.uses.get("gradients")).toBe(8 * mib);
  expect(gpu.pool.peak.uses.get("idle")).toBe(0);
});
