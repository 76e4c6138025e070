import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
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
  expect(above).toBeLessThan(1e-6);
});

test.each(["erf", "tanh"] as const)("gelu() by %s and its gradient are right on huge numbers", async (form) => {
  const xs = new Float32Array([-1e30, -1e6, -40, 40, 1e6, 1e30]);
  const plan = new Plan(gpu, "gelu");
  const tape = new Tape(plan);
  const x = plan.upload("x", xs, [2, 3]);
  const dx = plan.upload("dx", new Float32Array(6), [2, 3]);
  tape.train(x, dx);
  const out = gelu(tape, x, form);
  gpu.write(tape.into(out)!.d, new Float32Array(6).fill(1));
  tape.backward();
  plan.run();
  const [values, slopes] = await gpu.read(out, dx);
  xs.forEach((v, i) => {
    if (v > 0) expect([values![i], slopes![i]]).toEqual([v, 1]);
    else {
      expect(Math.abs(values![i]! / v)).toBeLessThan(1e-28);
      expect(Math.abs(slopes![i]!)).toBeLessThan(1e-26);
    }
  });
});

test.each(["erf", "tanh"] as const)("gelu() by %s has the gradient of its forward, assigned and added", (form) =>
  gradcheck({ x: [3, 23] }, (tape, { x }) => gelu(tape, gelu(tape, x, form), form), {
    values: { x: random(1, 69).map((v) => v * 4) },
  }),
);

test("gelu() keeps the shape", async () => {
  const x = gpu.upload("x", random(2, 24), [2, 3, 4]);
  let shape: readonly number[] = [];
  await forward((tape) => {
    const out = gelu(tape, x, "tanh");
    shape = out.shape;
    return out;
  });
  expect(shape).toEqual([2, 3, 4]);
});
