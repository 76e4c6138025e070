import { expect, test } from "vitest";
import { productSeconds } from "../../../src/app/kernels/software_speed.ts";
import { smallSteps, softwareStepSeconds } from "../../../src/app/session/software_step.ts";
import { gpu } from "../../support/device.ts";

test("a step takes longer with more tasks and rollouts, which share their prompt", () => {
  const needle = { model: "needle", worlds: "needle", hopsMax: 4 };
  const seconds = (tasksPerStep: number, rolloutsPerTask: number) =>
    softwareStepSeconds(0.01, { ...needle, tasksPerStep, rolloutsPerTask });
  expect(seconds(16, 8)).toBeCloseTo(8.4, 1);
  expect(seconds(32, 8)).toBeCloseTo(2 * seconds(16, 8), 6);
  expect(seconds(16, 16)).toBeLessThan(2 * seconds(16, 8));
  expect(softwareStepSeconds(0.01, { ...needle, ...smallSteps })).toBeCloseTo(seconds(4, 4), 6);
});

test("a step of the model of several worlds takes longer with each zoom that its questions need", () => {
  const of = (model: string, worlds: string, hopsMax = 4) =>
    softwareStepSeconds(0.01, { ...smallSteps, model, worlds, hopsMax });
  const [read, relate, hunt] = ["read", "relate,count", "needle,hunt"].map((worlds) => of("worlds", worlds));
  expect(read! / of("needle", "needle")).toBeCloseTo(4.4, 6);
  expect(relate!).toBeGreaterThan(read!);
  expect(hunt!).toBeGreaterThan(relate!);
  expect(of("worlds", "hunt", 2)).toBeCloseTo(relate!, 6);
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
