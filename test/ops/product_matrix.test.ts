import { describe, expect, test } from "vitest";
import { createDawn } from "../../src/app/deno/dawn.ts";
import { matrixError, mostMatrixError } from "../../src/app/matrix_error.ts";
import { useMatrixUnits } from "../../src/app/matrix_units.ts";
import { countingGpu } from "../../src/gpu/counting_device.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { matrixFeatures, matrixUnitsOf } from "../../src/gpu/matrix_units.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { fromHalf } from "../../src/model/half.ts";
import { Parameters } from "../../src/model/parameters.ts";
import { formOf } from "../../src/model/weight_form.ts";
import { backpropX, linear, multiply } from "../../src/ops/linear.ts";
import {
  backpropXOnMatrixUnits,
  halvesOf,
  matrixSizes,
  matrixTiles,
  multiplyOnMatrixUnits,
  takesMatrixUnits,
} from "../../src/ops/product_matrix.ts";
import { gpu as usual } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

/** Dawn's device with matrix units, which few drivers have: lavapipe from Mesa 26 on, of 8 x 8. */
const found = await createDawn();
const adapter = await found.requestAdapter({ powerPreference: "high-performance" });
const units = adapter ? matrixUnitsOf(adapter) : "there is no adapter";
const gpu = typeof units === "string" ? null : await Gpu.open(found, { matrixUnits: true });

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

describe("what an adapter offers", () => {
  const config = { M: 16, N: 16, K: 16, componentType: "f16", resultComponentType: "f32" };
  const adapterWith = (changes: object = {}, features: readonly string[] = matrixFeatures) => ({
    features: new Set(features),
    info: { subgroupMinSize: 32, subgroupMaxSize: 32, subgroupMatrixConfigs: [config], ...changes },
    limits: { maxComputeWorkgroupStorageSize: 49_152 },
  });
  test("is used where all of it is there", () => {
    expect(matrixUnitsOf(adapterWith())).toEqual({ side: 16, lanes: 32 });
    const small = { ...config, M: 8, N: 8, K: 8 };
    expect(matrixUnitsOf(adapterWith({ subgroupMatrixConfigs: [small] }))).toEqual({ side: 8, lanes: 32 });
  });
  test("is named where something is missing", () => {
    expect(matrixUnitsOf(adapterWith({}, ["subgroups"]))).toBe(
      "it lacks shader-f16, chromium-experimental-subgroup-matrix",
    );
    expect(matrixUnitsOf(adapterWith({ subgroupMinSize: 8 }))).toMatch(/8 to 32 threads/);
    expect(matrixUnitsOf(adapterWith({ subgroupMatrixConfigs: [{ ...config, resultComponentType: "f16" }] }))).toMatch(
      /no matrices of/,
    );
    expect(matrixUnitsOf({ ...adapterWith(), limits: { maxComputeWorkgroupStorageSize: 16_384 } })).toMatch(
      /16384 bytes/,
    );
  });
  test("is refused in one sentence", async () => {
    await expect(Gpu.open(navigator.gpu, { matrixUnits: true })).rejects.toThrow(
      /^The matrix units that matrixUnits asks for are not offered by this adapter: it lacks .*; leave matrixUnits off, or run/,
    );
  });
});

test("rows become halves times powers of two", async () => {
  const plan = new Plan(usual, "halves");
  const I = 1028;
  const sizes = [1, 1e-20, 3e30, 0, 1e-44];
  const rows = sizes.map((size, n) => random(n + 1, I).map((value) => value * size));
  const infinite = random(9, I);
  infinite[1000] = Number.POSITIVE_INFINITY;
  const values = Float32Array.from([...rows, infinite].flatMap((row) => [...row]));
  const N = sizes.length + 1;
  const { left_halves, left_scales } = halvesOf(plan, plan.upload("x", values, [N, I]));
  plan.run();
  const [[words], scales] = [await usual.readUint(left_halves), await usual.read(left_scales)] as [
    Uint32Array[],
    Float32Array,
  ];
  const halves = new Uint16Array(words!.buffer);
  for (const [n, row] of rows.entries()) {
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // What is smaller than f32 itself keeps exact is nothing.
    if (largest < 1e-37) continue;
    expect(Number.isInteger(Math.log2(scales[n]!)), `row ${n}`).toBe(true);
    row.forEach((value, i) => {
      const got = fromHalf(halves[n * I + i]!) * scales[n]!;
      expect(Math.abs(got - value), `row ${n}, ${i}`).toBeLessThanOrEqual(
        Math.max(Math.abs(value) * 2 ** -10.9, largest * 2 ** -37),
      );
    });
  }
  expect(scales[sizes.length]).toBeNaN();
});

test("threads share out the tiles evenly, and a subgroup's matrices are whole", () => {
  for (const side of [8, 16] as const)
    for (const lanes of [8, 32])
      for (const tile of Object.values(matrixTiles)) {
        const sizes = matrixSizes({ side, lanes }, tile);
        for (const [name, value] of Object.entries(sizes))
          expect(Number.isInteger(value), `${name} ${value}`).toBe(true);
        expect(sizes.LEFT_LOADS).toBeGreaterThan(0);
        expect(sizes.RIGHT_LOADS).toBeGreaterThan(0);
      }
});

describe("which products", () => {
  test("are those of many rows, of weights that are not trained and were let in", async () => {
    const counting = countingGpu({}, { matrixUnits: true });
    const parameters = new Parameters(counting, [{ name: "w", shape: [64, 128] }], { trained: false });
    const weight = parameters.get("w");
    expect(takesMatrixUnits(counting, weight, 512, 128, 64)).toBe(false);
    expect(await useMatrixUnits(counting, { parameters })).toEqual([]);
    expect(takesMatrixUnits(counting, weight, 512, 128, 64)).toBe(true);
    expect(takesMatrixUnits(counting, weight, 16, 128, 64)).toBe(false);
    expect(takesMatrixUnits(counting, weight, 512, 128, 60)).toBe(false);
    const trained = new Parameters(counting, [{ name: "w", shape: [64, 128] }], { trained: true });
    await useMatrixUnits(counting, { parameters: trained });
    expect(takesMatrixUnits(counting, trained.get("w"), 512, 128, 64)).toBe(false);
    // The pool gives the buffer to whoever asks next.
    parameters.free();
    expect(takesMatrixUnits(counting, weight, 512, 128, 64)).toBe(false);
  });
});

// Not run where the driver has no matrix units; `bench P3` checks the same on a card.
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
    multiplyOnMatrixUnits(plan, x, weight, outs[0], { bias, residual, first });
    multiply(plan, x, weight, outs[1], { bias, residual, first });
    const before = random(5, N * I);
    const ds = ["d", "dexact"].map((name) => plan.upload(name, before, [N, I])) as [typeof x, typeof x];
    backpropXOnMatrixUnits(plan, residual, weight, { d: ds[0], constants: { ADD: 1 } }, { first });
    backpropX(plan, residual, weight, { d: ds[1], constants: { ADD: 1 } }, first);
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
