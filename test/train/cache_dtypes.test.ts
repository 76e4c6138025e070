import { afterAll, beforeAll, expect, test } from "vitest";
import { openGpuSession } from "../../src/app/session/open_gpu_session.ts";
import { type Session, sameModel } from "../../src/app/session/session.ts";
import { countingGpu } from "../../src/gpu/counting_device.ts";
import { KeyValueCache } from "../../src/model/cache.ts";
import { fullAttention } from "../../src/model/config.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { differences, logprobsOf, type RolledTask, rolled } from "../support/base_dtype_errors.ts";
import { platform } from "../support/shipped.ts";

const whole = resolveConfig({ tasksPerStep: 2, rolloutsPerTask: 2, learningRate: 1e-3, steps: 2, klLossCoef: 0.1 });
const adapted = { ...whole, loraRank: 4, loraTargets: "q_proj,v_proj" };
const open = (changes: Partial<typeof whole>) => openGpuSession(platform, { ...whole, ...changes });

let exact: Session;
let rollouts: RolledTask[];
let want: number[];
beforeAll(async () => {
  exact = await open({});
  rollouts = await rolled(exact, 1);
  want = await logprobsOf(exact, rollouts, whole);
});
afterAll(() => exact.close());

test.each([
  ["all weights", whole],
  ["an adapter", adapted],
])("needle with keys and values in bf16 samples and trains the same bits: %s", async (_, config) => {
  const session = await open({ ...config, kvCacheDtype: "bf16" });
  const { rms, largest } = differences(await logprobsOf(session, rollouts, config), want);
  expect(rms).toBeGreaterThan(1e-5);
  expect(largest).toBeLessThan(0.05);
  const kls: number[] = [];
  const drifts: number[] = [];
  for await (const event of session.train())
    if (event.type === "update") {
      drifts.push(event.metrics.ratio_drift!);
      kls.push(event.metrics.kl_loss!);
      expect(event.metrics.grad_norm).toBeGreaterThan(0);
    }
  expect(drifts).toEqual([0, 0]);
  // The reference rounds as well: before the first update it is the same model.
  expect(kls[0]).toBe(0);
  expect(kls[1]).not.toBe(0);
  session.close();
});

test("the cache takes half the memory", async () => {
  const bytes: number[] = [];
  for (const kvCacheDtype of ["f32", "bf16"] as const) {
    const session = await open({ kvCacheDtype });
    await rolled(session, 1);
    bytes.push(session.peakMemory!.uses.get("keys and values")!);
    session.close();
  }
  // Each of the 8 tensors fills granules of 256 bytes.
  expect(bytes[1]! - bytes[0]! / 2).toBeGreaterThanOrEqual(0);
  expect(bytes[1]! - bytes[0]! / 2).toBeLessThan(8 * 256);
  // A row of needle's 4 layers is a key and a value of 2 heads of 32 numbers.
  const text = { numHiddenLayers: 4, layerTypes: Array(4).fill(fullAttention), numKeyValueHeads: 2, headDim: 32 };
  for (const [dtype, numberBytes] of [
    ["f32", 4],
    ["bf16", 2],
  ] as const) {
    const gpu = countingGpu();
    new KeyValueCache(gpu, text, 512, dtype);
    expect(gpu.pool.peak.uses.get("keys and values")).toBe(512 * 4 * 2 * 2 * 32 * numberBytes);
  }
});

test("heads of a size that four does not divide are refused in one sentence", () => {
  const text = { numHiddenLayers: 1, layerTypes: [fullAttention], numKeyValueHeads: 1, headDim: 10 };
  expect(() => new KeyValueCache(countingGpu(), text, 8, "bf16")).toThrow(
    "kvCacheDtype is bf16, which needs heads whose size four divides, and the model's have 10; leave it at f32",
  );
  expect(() => new KeyValueCache(countingGpu(), text, 8)).not.toThrow();
});

test("a session is not reset to another dtype of its cache", async () => {
  const other = { ...whole, kvCacheDtype: "bf16" as const };
  expect(sameModel(whole, other)).toBe(false);
  await expect(exact.reset(other)).rejects.toThrow("open another session");
});
