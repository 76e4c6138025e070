import { describe, expect, test } from "vitest";
import { useMatrixUnits } from "../../src/app/kernels/matrix_units.ts";
import { countingGpu } from "../../src/gpu/counting_device.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { fromHalf } from "../../src/model/half.ts";
import { Parameters } from "../../src/model/parameters.ts";
import { takesMatrixUnits } from "../../src/ops/matrix_admission.ts";
import { halvesOf, matrixSizes, matrixTiles } from "../../src/ops/product_matrix.ts";
import { gpu as usual } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

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
