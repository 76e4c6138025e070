import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { multiply } from "../../src/ops/dense_product.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";
import { packedWeight } from "../support/packed_weight.ts";

const [N, I, O] = [3, 64, 32];

/**
 * Halves below 6.1e-5 are subnormal, and WGSL lets `unpack2x16float` take them for zero. Rows of small weights in int8
 * have such scales: a device that did so would lose them without a word.
 */
test.each([
  { dtype: "f16" as const },
  { dtype: "i8" as const, block: I },
  { dtype: "i4" as const, block: 32 },
  { dtype: "nf4" as const, block: 64 },
])("weights with subnormal halves are what they stand for: $dtype", async (form) => {
  const plan = new Plan(gpu, "subnormal");
  const weight = packedWeight(
    plan,
    random(1, O * I).map((value) => value * 2e-5),
    [O, I],
    form,
  );
  const x = plan.upload(
    "x",
    random(2, N * I).map((value) => value * 1e4),
    [N, I],
  );
  const found = plan.upload("found", new Float32Array(N * O), [N, O]);
  const wanted = plan.upload("wanted", new Float32Array(N * O), [N, O]);
  multiply(plan, { x, weight: weight.packed, out: found });
  multiply(plan, { x, weight: weight.plain, out: wanted });
  plan.run();
  const [few, full] = (await gpu.read(found, wanted)) as [Float32Array, Float32Array];
  plan.free();
  expect(Math.max(...full.map(Math.abs))).toBeGreaterThan(0.1);
  expect(few).toEqual(full);
});
