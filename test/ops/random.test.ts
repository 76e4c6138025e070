import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { fillRandom } from "../../src/ops/random.ts";
import { philox } from "../../src/tasks/random.ts";
import { gpu } from "../support/device.ts";

test("numbers are Philox's, those behind the last whole four included", async () => {
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

test("whole numbers are refused", () => {
  const plan = new Plan(gpu, "random");
  expect(() => fillRandom(plan, plan.empty("out", [4], "u32"), 1, 0)).toThrow(/u32/);
});
