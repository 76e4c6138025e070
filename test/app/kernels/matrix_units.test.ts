import { describe, expect, test } from "vitest";
import { createDawn } from "../../../src/app/deno/gpu/dawn.ts";
import { matrixError, mostMatrixError } from "../../../src/app/kernels/matrix_error.ts";
import { useMatrixUnits } from "../../../src/app/kernels/matrix_units.ts";
import { Gpu } from "../../../src/gpu/gpu.ts";
import { matrixUnitsOf } from "../../../src/gpu/matrix_units.ts";
import { Plan } from "../../../src/gpu/plan.ts";
import { Tape } from "../../../src/gpu/tape.ts";
import { Parameters } from "../../../src/model/parameters.ts";
import { formOf } from "../../../src/model/weight_form.ts";
import { backpropX, multiply } from "../../../src/ops/dense_product.ts";
import { linear } from "../../../src/ops/linear.ts";
import { backpropXOnMatrixUnits, multiplyOnMatrixUnits } from "../../../src/ops/product_matrix.ts";

/**
 * Dawn's device with matrix units, which few drivers have: lavapipe from Mesa 26 on, of 8 x 8. Deno's own WebGPU is left
 * alone in this file: together with Dawn it takes that driver down. Asked for by SACCADE_MATRIX_UNITS=1: a driver that
 * comes to harm ends the process, and with it all tests.
 */
const found = Deno.env.get("SACCADE_MATRIX_UNITS") === "1" ? await createDawn() : null;
const adapter = await found?.requestAdapter({ powerPreference: "high-performance" });
const gpu = adapter && typeof matrixUnitsOf(adapter) !== "string" ? await Gpu.open(found, { matrixUnits: true }) : null;

/** Numbers within -1 to 1. */
function random(seed: number, count: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const frozen = (
  on: Gpu,
  base: "f32" | "bf16" | "int8" | "int4" | "nf4",
  [O, I]: [number, number],
  values?: Float32Array,
) => {
  const weight = { name: "w", shape: [O, I] };
  const parameters = new Parameters(on, [weight], { trained: false, formOf: () => formOf(weight, base, "F32") });
  parameters.write("w", values ?? random(1, O * I), 0);
  return parameters;
};

// Not run where it is not asked for, or the driver has no matrix units; `bench P3` checks the same on a card.
describe.skipIf(gpu === null)("on a device with matrix units", () => {
  test.each(
    (["f32", "bf16", "int8", "int4", "nf4"] as const).flatMap((base) =>
      (["NT", "NN"] as const).map((kind) => [base, kind] as const),
    ),
  )("products with %s weights are right, %s", { timeout: 60_000 }, async (base, kind) => {
    const form = formOf({ name: "w", shape: [136, 192] }, base, "F32");
    expect(await matrixError(gpu!, { form, kind, N: 131, O: 136, I: 192, tile: "64x64" })).toBeLessThan(
      mostMatrixError,
    );
  });

  test("bias, residual, rows of a pack and what is there already are added", { timeout: 60_000 }, async () => {
    const [N, O, I, first] = [70, 72, 64, 8];
    const weight = frozen(gpu!, "bf16", [O + first, I]).get("w");
    const plan = new Plan(gpu!, "extras");
    const up = (name: string, shape: number[]) =>
      plan.upload(
        name,
        random(
          name.length,
          shape.reduce((a, b) => a * b),
        ),
        shape,
      );
    const [x, bias, residual] = [up("x", [N, I]), up("bias", [O + first]), up("residual", [N, O])];
    const outs = ["own", "exact"].map((name) => plan.empty(name, [N, O])) as [typeof x, typeof x];
    multiplyOnMatrixUnits(plan, { x, weight, out: outs[0], bias, residual, first });
    multiply(plan, { x, weight, out: outs[1], bias, residual, first });
    const before = random(5, N * I);
    const ds = ["d", "dexact"].map((name) => plan.upload(name, before, [N, I])) as [typeof x, typeof x];
    backpropXOnMatrixUnits(plan, { dout: residual, weight, into: { d: ds[0], constants: { ADD: 1 } }, first });
    backpropX(plan, { dout: residual, weight, into: { d: ds[1], constants: { ADD: 1 } }, first });
    plan.run();
    const [own, exact, d, dexact] = (await gpu!.read(...outs, ...ds)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const furthest = (a: Float32Array, b: Float32Array) =>
      a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
    expect(furthest(own, exact)).toBeLessThan(0.02);
    expect(furthest(own, exact)).toBeGreaterThan(0);
    expect(furthest(d, dexact)).toBeLessThan(0.02);
  });

  test("a weight with numbers that are no halves keeps to f32, and the same product is made again in the same bits", {
    timeout: 60_000,
  }, async () => {
    const values = random(1, 64 * 64);
    values[77] = 70_000;
    for (const [large, count] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const parameters = frozen(gpu!, "bf16", [64, 64], large ? values : undefined);
      const notices = await useMatrixUnits(gpu!, { parameters });
      expect(notices).toHaveLength(count);
      if (large) expect(notices[0]).toMatch(/^1 weight has numbers above 65504.* is w$/);
      const runs: Float32Array[] = [];
      const plan = new Plan(gpu!, "twice");
      const out = linear(new Tape(plan, false), plan.upload("x", random(2, 70 * 64), [70, 64]), parameters.get("w"));
      for (let i = 0; i < 2; i++) {
        plan.run();
        runs.push(await gpu!.read(out));
      }
      expect(runs[0]).toEqual(runs[1]);
      const names = plan.recorded.map(({ shader }) => shader.name);
      expect(names.some((name) => name.startsWith("product_matrix"))).toBe(!large);
      expect(runs[0]!.every(Number.isFinite)).toBe(true);
    }
  });
});
