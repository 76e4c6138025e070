import { expect, test } from "vitest";
import { countingGpu } from "../../src/gpu/counting_device.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { PlanCache } from "../../src/gpu/plan_cache.ts";

const gpu = countingGpu();

/** A plan of so many bytes, and whether it was freed. */
function recorded(bytes: number) {
  const plan = new Plan(gpu, "plan");
  plan.empty("own", [bytes / 4]);
  const one = { plan, isFreed: false };
  const free = plan.free.bind(plan);
  plan.free = () => {
    one.isFreed = true;
    free();
  };
  return one;
}

test("plans come back by their sizes, and those used longest ago are given up", () => {
  const cache = new PlanCache<ReturnType<typeof recorded>>({ count: 2 });
  const [a, b] = [cache.get("a", () => recorded(256)), cache.get("b", () => recorded(256))];
  expect(cache.get("a", () => recorded(256))).toBe(a);
  const c = cache.get("c", () => recorded(256));
  expect([a, b, c].map(({ isFreed }) => isFreed)).toEqual([false, true, false]);
  expect(cache.recorded).toBe(3);
  cache.free();
  expect([a, c].map(({ isFreed }) => isFreed)).toEqual([true, true]);
});

test("plans that take many bytes are given up sooner, but never the one that is asked for", () => {
  const cache = new PlanCache<ReturnType<typeof recorded>>({ count: 9, bytes: 1024 });
  const [a, b] = [cache.get("a", () => recorded(512)), cache.get("b", () => recorded(512))];
  expect(a.isFreed).toBe(false);
  const c = cache.get("c", () => recorded(2048));
  expect([a, b, c].map(({ isFreed }) => isFreed)).toEqual([true, true, false]);
});
