import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { addPartials, columnSplits } from "../../src/ops/partials.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

test.each([
  [1, 0],
  [8, 1],
  [9, 0],
  [70, 1],
] as const)("addPartials() adds up %i splits, ADD = %i", async (splits, ADD) => {
  const [count, first, to] = [130, 7, 5];
  const [values, before] = [random(1, first + splits * count), random(2, to + count + 3)];
  const plan = new Plan(gpu, "partials");
  const partial = plan.upload("partial", values, [values.length]);
  const d = plan.upload("d", before, [before.length]);
  addPartials(plan, partial, { d, constants: { ADD } }, { splits, count, first, to });
  plan.run();
  const got = await gpu.read(d);
  for (let at = 0; at < before.length; at++) {
    let want = at < to || at >= to + count || ADD === 1 ? before[at]! : 0;
    if (at >= to && at < to + count)
      for (let split = 0; split < splits; split++) want += values[first + split * count + at - to]!;
    expect(got[at]).toBeCloseTo(want, 4);
  }
  plan.free();
});

test("sums of columns are split every 64 rows", () => {
  expect([0, 1, 64, 65, 700].map(columnSplits)).toEqual([1, 1, 1, 2, 11]);
});
