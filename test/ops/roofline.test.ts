import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { copy, multiplyAdd, multiplyAddFlops } from "../../src/ops/roofline.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

test("a copy has the same bits, the last vec4 included", async () => {
  const values = random(1, 4 * 517);
  const plan = new Plan(gpu, "copy");
  const from = plan.upload("from", values, [4, 517]);
  const to = plan.upload("to", new Float32Array(values.length), [4, 517]);
  copy(plan, from, to);
  plan.run();
  expect(await gpu.read(to)).toEqual(values);
});

test("a copy of a size that four does not divide is refused", () => {
  const plan = new Plan(gpu, "copy");
  expect(() => copy(plan, plan.empty("from", [3]), plan.empty("to", [3]))).toThrow(/multiple of 4/);
});

test("multiply-adds by hand", async () => {
  const plan = new Plan(gpu, "multiply-adds");
  const out = plan.upload("out", new Float32Array(512), [512]);
  multiplyAdd(plan, out, { rounds: 2, factor: 0.5, addend: 3 });
  plan.run();
  const want = Float32Array.from({ length: 512 }, (_, thread) => {
    let total = 0;
    for (let k = 0; k < 8; k++) {
      let sum = (thread % 256) + k;
      for (let i = 0; i < 16; i++) sum = Math.fround(0.5 * sum + 3);
      total = Math.fround(total + sum);
    }
    return Math.fround(4 * total);
  });
  (await gpu.read(out)).forEach((value, i) => {
    expect(value).toBeCloseTo(want[i]!, 3);
  });
  // Two workgroups of 256 threads, 16 steps of 32 sums each, two operations a step.
  expect(multiplyAddFlops(2, 2)).toBe(2 * 256 * 16 * 32 * 2);
});
