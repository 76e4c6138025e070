import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { multiply } from "../../src/ops/dense_product.ts";
import { fillRandom } from "../../src/ops/random.ts";
import { philox } from "../../src/tasks/random.ts";
import { gpu } from "../support/device.ts";

test("numbers are those of Philox, also after the last whole vec4", async () => {
  const plan = new Plan(gpu, "random");
  const out = plan.upload("out", new Float32Array(7 * 43), [7, 43]);
  fillRandom(plan, out, 0.5, 9);
  plan.run();
  const want = Float32Array.from({ length: 7 * 43 }, (_, i) => {
    const word = philox([Math.floor(i / 4), 0, 0, 0], [9, 0x66696c6c])[i % 4]!;
    return 0.5 * ((word >>> 8) * 2 ** -23 - 1);
  });
  expect(await gpu.read(out)).toEqual(want);
});

test.each(["bf16", "f16", "i8", "i4", "nf4"] as const)("%s: kernels read numbers within the bound", async (dtype) => {
  const [O, I, block] = [8, 64, 32];
  const plan = new Plan(gpu, "random");
  const plain = plan.empty("weight", [O, I], dtype);
  const hasScales = dtype !== "bf16" && dtype !== "f16";
  const scales = hasScales ? { block, scales: plan.empty("scales", [(O * I) / block], "u32") } : {};
  const weight = { ...plain, ...scales };
  fillRandom(plan, weight, 0.25, 3);
  // The unit matrix brings out the weight's own numbers.
  const unit = Float32Array.from({ length: I * I }, (_, at) => (at % (I + 1) === 0 ? 1 : 0));
  const out = plan.empty("out", [I, O]);
  multiply(plan, { x: plan.upload("unit", unit, [I, I]), weight, out });
  plan.run();
  const numbers = await gpu.read(out);
  expect(Math.max(...numbers.map(Math.abs))).toBeLessThanOrEqual(0.25);
  expect(new Set(numbers).size).toBeGreaterThan(8);
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  expect(Math.abs(mean)).toBeLessThan(0.05);
});

test("whole numbers are refused", () => {
  const plan = new Plan(gpu, "random");
  expect(() => fillRandom(plan, plan.empty("out", [4], "u32"), 1, 0)).toThrow(/u32/);
});
