import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { accumulate } from "../../src/ops/add.ts";
import { linear } from "../../src/ops/linear.ts";
import { rmsnorm } from "../../src/ops/rmsnorm.ts";
import { gatedLinear } from "../../src/ops/swiglu.ts";
import { cardGpu } from "../support/card.ts";
import { random } from "../support/gradcheck.ts";

const gpu = await cardGpu();
const eps = 1e-6;

/** Two products of one norm. @param reuse  whether the norm's result is an activation, which readers may compute themselves */
async function products(N: number, C: number, reuse: boolean, isReadElsewhere = false) {
  const plan = new Plan(gpu, "normed", { reuse });
  const upload = (name: string, seed: number, ...shape: number[]) =>
    plan.upload(
      name,
      random(
        seed,
        shape.reduce((a, b) => a * b),
      ),
      shape,
    );
  const [x, weight] = [upload("x", 1, N, C), upload("norm", 2, C)];
  const tape = new Tape(plan, false);
  const normed = rmsnorm(tape, x, weight, eps);
  const out = linear(tape, normed, upload("weight", 3, 40, C), { bias: upload("bias", 4, 40) });
  const gated = gatedLinear(tape, normed, upload("gate and up", 5, 24, C));
  const sum = upload("sum", 6, N, C);
  if (isReadElsewhere) accumulate(plan, sum, normed);
  for (const tensor of [out, gated]) plan.keep(tensor);
  const names = plan.recorded.map(({ shader, entry }) => `${shader.name}.${entry}`);
  plan.run();
  const values = await gpu.read(out, gated, sum);
  plan.free();
  return { values, names };
}

test.each([
  [1, 68],
  [3, 128],
  [16, 132],
  [21, 512],
])("products of %i rows of %i normalize for themselves, with the bits of rmsnorm()", async (N, C) => {
  const [apart, together] = [await products(N, C, false), await products(N, C, true)];
  expect(apart.names).toEqual(["rmsnorm.normalize", "product_thin.multiply", "product_thin.multiply"]);
  expect(together.names).toEqual(["product_thin.multiply", "product_thin.multiply"]);
  expect(together.values).toEqual(apart.values);
  expect(apart.values[0]!.some((value) => value !== 0)).toBe(true);
});

test.each([
  ["short, and summed in another order", 64, false],
  ["long", 516, false],
  ["read by something else too", 128, true],
])("rows stay normalized by themselves where they are %s", async (_, C, isReadElsewhere) => {
  const { names } = await products(2, C, true, isReadElsewhere);
  expect(names.filter((name) => name.startsWith("rmsnorm."))).toHaveLength(1);
});
