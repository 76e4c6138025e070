import { expect, test } from "vitest";
import { productSeconds } from "../../../src/app/kernels/software_speed.ts";
import { smallSteps, softwareStepSeconds } from "../../../src/app/session/software_step.ts";
import { gpu } from "../../support/device.ts";

test("a step takes longer with more tasks and rollouts, which share their prompt", () => {
  const seconds = (tasksPerStep: number, rolloutsPerTask: number) =>
    softwareStepSeconds(0.01, { tasksPerStep, rolloutsPerTask });
  expect(seconds(16, 8)).toBeCloseTo(8.4, 1);
  expect(seconds(32, 8)).toBeCloseTo(2 * seconds(16, 8), 6);
  expect(seconds(16, 16)).toBeLessThan(2 * seconds(16, 8));
  expect(softwareStepSeconds(0.01, smallSteps)).toBeCloseTo(seconds(4, 4), 6);
});

test("a product is measured in less than a minute also where others have the cores, and its buffers are given back", async () => {
  const before = gpu.pool.allocatedBytes;
  const seconds = await productSeconds(gpu);
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThan(60);
  await productSeconds(gpu);
  const after = gpu.pool.allocatedBytes;
  await productSeconds(gpu);
  expect(gpu.pool.allocatedBytes).toBe(after);
  expect(after).toBeGreaterThanOrEqual(before);
});
