import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { rmsnorm } from "../../src/ops/rmsnorm.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

const eps = 1e-6;

test("rmsnorm() divides a row by its root mean square", async () => {
  const x = gpu.upload("x", new Float32Array([3, 4, 0, 0]), [2, 2]);
  const weight = gpu.upload("weight", new Float32Array([1, 10]), [2]);
  const out = await forward((tape) => rmsnorm(tape, x, weight, 0.5));
  const rms = Math.sqrt(12.5 + 0.5);
  expect(out[0]).toBeCloseTo(3 / rms, 6);
  expect(out[1]).toBeCloseTo(40 / rms, 5);
  expect([out[2], out[3]]).toEqual([0, 0]);
});

test.each([32, 64, 65, 300, 512, 1100])("rmsnorm() equals double precision on rows of %i", async (C) => {
  const N = 29;
  const xs = random(1, N * C);
  const ws = random(2, C);
  const out = await forward((tape) => rmsnorm(tape, gpu.upload("x", xs, [N, C]), gpu.upload("weight", ws, [C]), eps));
  let worst = 0;
  for (let n = 0; n < N; n++) {
    let squares = 0;
    for (let c = 0; c < C; c++) squares += xs[n * C + c]! ** 2;
    const rstd = 1 / Math.sqrt(squares / C + eps);
    for (let c = 0; c < C; c++) worst = Math.max(worst, Math.abs(xs[n * C + c]! * rstd * ws[c]! - out[n * C + c]!));
  }
  expect(worst).toBeLessThan(1e-6);
});

test.each([32, 130, 1100])("rmsnorm() gives a row of %i the same bits whatever rows stand beside it", async (C) => {
  const weight = gpu.upload("weight", random(3, C), [C]);
  const rows = random(4, 70 * C);
  const many = await forward((tape) => rmsnorm(tape, gpu.upload("x", rows, [70, C]), weight, eps));
  const own = gpu.upload("x", rows.slice(67 * C, 68 * C), [1, C]);
  expect(await forward((tape) => rmsnorm(tape, own, weight, eps))).toEqual(many.slice(67 * C, 68 * C));
});

test("rmsnorm() has the gradient of its forward on short rows, the first assigned and the second added", () =>
  gradcheck({ x: [3, 5], weight: [5] }, (tape, { x, weight }) =>
    rmsnorm(tape, rmsnorm(tape, x, weight, 0.1), weight, eps),
  ));

test("rmsnorm() has the gradient of its forward on a row longer than a workgroup", () =>
  gradcheck({ x: [1, 67], weight: [67] }, (tape, { x, weight }) =>
    rmsnorm(tape, rmsnorm(tape, x, weight, 0.1), weight, eps),
  ));

test("rmsnorm() adds up the weight gradient over more rows than one split has", async () => {
  const [N, C] = [600, 3];
  const xs = random(5, N * C);
  const douts = random(6, N * C);
  const plan = new Plan(gpu, "rmsnorm");
  const tape = new Tape(plan);
  const weight = plan.upload("weight", random(7, C), [C]);
  const dweight = plan.upload("dweight", new Float32Array([0, 1, 2]), [C]);
  tape.train(weight, dweight);
  const out = rmsnorm(tape, plan.upload("x", xs, [N, C]), weight, eps);
  gpu.write(tape.into(out)!.d, douts);
  tape.backward();
  plan.run();
  const sums = [0, 1, 2];
  for (let n = 0; n < N; n++) {
    const row = [...xs.slice(n * C, (n + 1) * C)];
    const rstd = 1 / Math.sqrt(row.reduce((s, v) => s + v * v, 0) / C + eps);
    row.forEach((v, c) => {
      sums[c]! += douts[n * C + c]! * v * rstd;
    });
  }
  const got = await gpu.read(dweight);
  sums.forEach((sum, c) => {
    expect(got[c]).toBeCloseTo(sum, 3);
  });
});

test("rmsnorm() names the tensor whose shape is wrong", () => {
  const tape = new Tape(new Plan(gpu, "rmsnorm"));
  const weight = gpu.empty("q_norm.weight", [5]);
  expect(() => rmsnorm(tape, gpu.empty("hidden", [2, 4]), weight, eps)).toThrow(
    "hidden has shape (2, 4), expected (-1, 5)",
  );
});
