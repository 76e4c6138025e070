import { expect, test } from "vitest";
import { gelu } from "../../src/ops/gelu.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

/** erf in double precision, by its series of positive terms (Abramowitz and Stegun 7.1.6). */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 300; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return ((2 * Math.exp(-x * x)) / Math.sqrt(Math.PI)) * sum;
}

const expected = {
  erf: (x: number) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  tanh: (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

test("gelu() has the values of PyTorch's two forms at 1 and -1", async () => {
  const x = gpu.upload("x", new Float32Array([1, -1, 0]), [3]);
  const exact = await forward((tape) => gelu(tape, x, "erf"));
  expect(exact[0]).toBeCloseTo(0.8413447, 6);
  expect(exact[1]).toBeCloseTo(-0.1586553, 6);
  expect(exact[2]).toBeCloseTo(0, 12);
  const approximate = await forward((tape) => gelu(tape, x, "tanh"));
  expect(approximate[0]).toBeCloseTo(0.841192, 6);
  expect(approximate[1]).toBeCloseTo(-0.158808, 6);
});

test.each(["erf", "tanh"] as const)("gelu() by %s equals double precision from -7 to 7", async (form) => {
  const xs = Float32Array.from({ length: 7001 }, (_, i) => (i - 3500) / 500);
  const out = await forward((tape) => gelu(tape, gpu.upload("x", xs, [7001]), form));
  let below = 0;
  let above = 0;
  xs.forEach((x, i) => {
    const error = Math.abs(out[i]! - expected[form](x));
    if (x < 0) below = Math.max(below, error);
    else above = Math.max(above, error);
  });
  expect(below).toBeLessThan(2e-7);
  // Half a unit in the last place of 7 is 2.4e-7.
  expect(above).toBeLessThan(7e-7);
});

test.each(["erf", "tanh"] as const)(
  "gelu() by %s stays finite on huge numbers, and so does its gradient",
  async (form) => {
    const xs = new Float32Array([-1e30, -1e6, -40, 40, 1e6, 1e30]);
    const out = await forward((tape) => gelu(tape, gpu.upload("x", xs, [2, 3]), form));
    xs.forEach((x, i) => {
      if (x > 0) expect(out[i]).toBe(x);
      else if (x > -1e7) expect(Math.abs(out[i]!)).toBeLessThan(1e-20);
      else expect(Number.isFinite(out[i])).toBe(true);
    });
  },
);

test.each(["erf", "tanh"] as const)("gelu() by %s has the gradient of its forward, assigned and added", (form) =>
  gradcheck({ x: [3, 23] }, (tape, { x }) => gelu(tape, gelu(tape, x, form), form), {
    values: { x: random(1, 69).map((v) => v * 4) },
  }),
);

test("gelu() refuses no shape and keeps it", async () => {
  const x = gpu.upload("x", random(2, 24), [2, 3, 4]);
  let shape: readonly number[] = [];
  await forward((tape) => {
    const out = gelu(tape, x, "tanh");
    shape = out.shape;
    return out;
  });
  expect(shape).toEqual([2, 3, 4]);
});
