import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { layernorm } from "../../src/ops/layernorm.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

const eps = 1e-6;

test("layernorm() subtracts the mean and divides by the biased standard deviation", async () => {
  const x = gpu.upload("x", new Float32Array([1, 5, 7, 7]), [2, 2]);
  const weight = gpu.upload("weight", new Float32Array([1, 10]), [2]);
  const bias = gpu.upload("bias", new Float32Array([0.5, 0.25]), [2]);
  const out = await forward((tape) => layernorm(tape, x, { weight, bias, eps: 0 }));
  expect(out.slice(0, 2)).toEqual(new Float32Array([-0.5, 10.25]));
  const alike = await forward((tape) => layernorm(tape, x, { weight, bias, eps }));
  expect(alike.slice(2)).toEqual(new Float32Array([0.5, 0.25]));
});

test.each([32, 128, 300])("layernorm() equals double precision on rows of %i far from zero", async (C) => {
  const N = 29;
  const xs = random(1, N * C).map((v) => v + 30);
  const ws = random(2, C);
  const bs = random(3, C);
  const out = await forward((tape) =>
    layernorm(tape, gpu.upload("x", xs, [N, C]), {
      weight: gpu.upload("weight", ws, [C]),
      bias: gpu.upload("bias", bs, [C]),
      eps,
    }),
  );
  let worst = 0;
  for (let n = 0; n < N; n++) {
    const row = [...xs.slice(n * C, (n + 1) * C)];
    const mean = row.reduce((s, v) => s + v, 0) / C;
    const variance = row.reduce((s, v) => s + (v - mean) ** 2, 0) / C;
    row.forEach((v, c) => {
      const expected = ((v - mean) / Math.sqrt(variance + eps)) * ws[c]! + bs[c]!;
      worst = Math.max(worst, Math.abs(expected - out[n * C + c]!));
    });
  }
  // The mean is rounded where the numbers are, at 30: 2e-6 each.
  expect(worst).toBeLessThan(2e-5);
});

test("layernorm() gives a row the same bits whatever rows stand beside it", async () => {
  const C = 130;
  const weight = gpu.upload("weight", random(4, C), [C]);
  const bias = gpu.upload("bias", random(5, C), [C]);
  const rows = random(6, 70 * C);
  const many = await forward((tape) => layernorm(tape, gpu.upload("x", rows, [70, C]), { weight, bias, eps }));
  const own = gpu.upload("x", rows.slice(67 * C, 68 * C), [1, C]);
  expect(await forward((tape) => layernorm(tape, own, { weight, bias, eps }))).toEqual(many.slice(67 * C, 68 * C));
});

test("layernorm() has the gradient of its forward, the first assigned and the second added", () =>
  gradcheck({ x: [3, 5], weight: [5], bias: [5] }, (tape, { x, weight, bias }) =>
    layernorm(tape, layernorm(tape, x, { weight, bias, eps: 0.1 }), { weight, bias, eps: 0.1 }),
  ));

test("layernorm() has the gradient of its forward on a row longer than a workgroup", () =>
  gradcheck({ x: [1, 67], weight: [67] }, (tape, { x, weight }) =>
    layernorm(tape, x, { weight, bias: gpu.upload("bias", random(7, 67), [67]), eps }),
  ));

test("layernorm() adds up the gradients of weight and bias over more rows than one split has", async () => {
  const [N, C] = [600, 3];
  const xs = random(8, N * C);
  const douts = random(9, N * C);
  const plan = new Plan(gpu, "layernorm");
  const tape = new Tape(plan);
  const weight = plan.upload("weight", random(10, C), [C]);
  const bias = plan.upload("bias", random(11, C), [C]);
  const dweight = plan.upload("dweight", new Float32Array([0, 1, 2]), [C]);
  const dbias = plan.upload("dbias", new Float32Array(C), [C]);
  tape.train(weight, dweight);
  tape.train(bias, dbias);
  const out = layernorm(tape, plan.upload("x", xs, [N, C]), { weight, bias, eps });
  gpu.write(tape.into(out)!.d, douts);
  tape.backward();
  plan.run();
  const sums = [0, 1, 2, 0, 0, 0];
  for (let n = 0; n < N; n++) {
    const row = [...xs.slice(n * C, (n + 1) * C)];
    const mean = row.reduce((s, v) => s + v, 0) / C;
    const rstd = 1 / Math.sqrt(row.reduce((s, v) => s + (v - mean) ** 2, 0) / C + eps);
    row.forEach((v, c) => {
      sums[c]! += douts[n * C + c]! * (v - mean) * rstd;
      sums[C + c]! += douts[n * C + c]!;
    });
  }
  const [gotWeight, gotBias] = await gpu.read(dweight, dbias);
  [...gotWeight!, ...gotBias!].forEach((got, i) => {
    expect(got).toBeCloseTo(sums[i]!, 3);
  });
});

test("layernorm() names the tensor whose shape is wrong", () => {
  const tape = new Tape(new Plan(gpu, "layernorm"));
  const weight = gpu.empty("norm1.weight", [5]);
  const bias = gpu.empty("norm1.bias", [4]);
  expect(() => layernorm(tape, gpu.empty("hidden", [2, 5]), { weight, bias, eps })).toThrow(
    "norm1.bias has shape (4), expected (5)",
  );
});
