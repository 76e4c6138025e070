import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { linear } from "../../src/ops/linear.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

test("linear() multiplies rows by the weight's rows and adds the bias", async () => {
  const x = gpu.upload("x", new Float32Array([1, 2, 3, 4]), [2, 2]);
  const weight = gpu.upload("weight", new Float32Array([1, 0, 0, 1, 1, 1]), [3, 2]);
  const bias = gpu.upload("bias", new Float32Array([0, 10, 100]), [3]);
  expect(await forward((tape) => linear(tape, x, weight, { bias }))).toEqual(
    new Float32Array([1, 12, 103, 3, 14, 107]),
  );
});

test.each([
  [37, 70, 45],
  [37, 72, 44],
])("linear() equals a sum in double precision on %i rows of %i to %i, which no tile divides", async (N, I, O) => {
  const xs = random(1, N * I);
  const ws = random(2, O * I);
  const x = gpu.upload("x", xs, [N, I]);
  const weight = gpu.upload("weight", ws, [O, I]);
  const out = await forward((tape) => linear(tape, x, weight));
  let worst = 0;
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      let sum = 0;
      for (let i = 0; i < I; i++) sum += xs[n * I + i]! * ws[o * I + i]!;
      worst = Math.max(worst, Math.abs(sum - out[n * O + o]!));
    }
  expect(worst).toBeLessThan(2e-5);
});

test("linear() gives a row the same bits whatever rows stand beside it", async () => {
  const weight = gpu.upload("weight", random(3, 40 * 24), [40, 24]);
  const rows = random(4, 50 * 24);
  const many = await forward((tape) => linear(tape, gpu.upload("x", rows, [50, 24]), weight));
  const one = await forward((tape) => linear(tape, gpu.upload("x", rows.slice(41 * 24, 42 * 24), [1, 24]), weight));
  expect(one).toEqual(many.slice(41 * 40, 42 * 40));
});

test("linear() has the gradient of its forward", () =>
  gradcheck({ x: [3, 5], weight: [4, 5], bias: [4], residual: [3, 4] }, (tape, { x, weight, bias, residual }) =>
    linear(tape, x, weight, { bias, residual }),
  ));

test("linear() has the gradient of its forward for a part of the weight's rows", () =>
  gradcheck(
    { x: [2, 3], weight: [6, 3], bias: [6] },
    (tape, { x, weight, bias }) => linear(tape, x, weight, { bias, rows: [2, 5] }),
    { weights: ["weight", "bias"] },
  ));

test("linear() has the gradient of its forward by vec4", () =>
  gradcheck(
    { x: [5, 8], weight: [12, 8], bias: [12], residual: [5, 8] },
    (tape, { x, weight, bias, residual }) => linear(tape, x, weight, { bias, residual, rows: [4, 12] }),
    { weights: ["weight", "bias"] },
  ));

test("linear() adds up the weight gradient over more rows than one split has", async () => {
  const N = 700;
  const xs = random(5, N * 2);
  const plan = new Plan(gpu, "linear");
  const tape = new Tape(plan);
  const x = plan.upload("x", xs, [N, 2]);
  const weight = plan.upload("weight", random(6, 2), [1, 2]);
  const dweight = plan.upload("dweight", new Float32Array(2), [1, 2]);
  tape.train(weight, dweight);
  const out = linear(tape, x, weight);
  gpu.write(tape.into(out)!.d, new Float32Array(N).fill(1));
  tape.backward();
  plan.run();
  const got = await gpu.read(dweight);
  for (const i of [0, 1]) {
    let sum = 0;
    for (let n = 0; n < N; n++) sum += xs[n * 2 + i]!;
    expect(got[i]).toBeCloseTo(sum, 3);
  }
});

test("linear() refuses a part of a weight's rows where the gradient could not be added", () => {
  const plan = new Plan(gpu, "linear");
  const tape = new Tape(plan);
  const trained = gpu.empty("trained", [2, 3]);
  tape.train(trained, gpu.empty("dtrained", [2, 3]));
  const made = linear(tape, gpu.empty("x", [6, 3]), trained);
  const out = linear(tape, gpu.empty("y", [4, 2]), made, { rows: [1, 5] });
  tape.into(out);
  expect(() => tape.backward()).toThrow("linear(trained) is not a weight, so its rows 1 to 5 cannot be trained alone");
  plan.free();
});

test("linear() names the tensor whose shape is wrong", () => {
  const tape = new Tape(new Plan(gpu, "linear"));
  expect(() => linear(tape, gpu.empty("hidden", [2, 4]), gpu.empty("q_proj.weight", [3, 5]))).toThrow(
    "hidden has shape (2, 4), expected (-1, 5)",
  );
});
