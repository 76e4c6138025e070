import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { gelu } from "../../src/ops/gelu.ts";
import { join } from "../../src/ops/join.ts";
import { linear } from "../../src/ops/linear.ts";
import { gatedLinear, swiglu } from "../../src/ops/swiglu.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

/** Gate and up side by side in each row. */
const sideBySide = (gates: Float32Array, ups: Float32Array, F: number) =>
  Float32Array.from({ length: gates.length * 2 }, (_, at) => {
    const [n, column] = [Math.floor(at / (2 * F)), at % (2 * F)];
    return column < F ? gates[n * F + column]! : ups[n * F + column - F]!;
  });

test("swiglu() is gate times its sigmoid times up", async () => {
  const packed = gpu.upload("packed", new Float32Array([0, 1, 5, 2, -1, Math.log(3), 2, 4]), [2, 4]);
  const out = await forward((tape) => swiglu(tape, packed));
  expect(out[0]).toBe(0);
  expect(out[1]).toBeCloseTo(2 * 0.7310586, 6);
  expect(out[2]).toBeCloseTo(-2 * 0.2689414, 6);
  expect(out[3]).toBeCloseTo(3 * Math.log(3), 6);
});

test("swiglu() equals double precision, and stays finite on huge numbers", async () => {
  const [N, F] = [41, 53];
  const gates = random(1, N * F).map((v) => v * 20);
  const ups = random(2, N * F);
  gates.set([-1e30, -1e6, 1e6, 1e30]);
  const out = await forward((tape) => swiglu(tape, gpu.upload("packed", sideBySide(gates, ups, F), [N, 2 * F])));
  let worst = 0;
  for (let i = 2; i < N * F; i++) {
    const expected = (gates[i]! / (1 + Math.exp(-gates[i]!))) * ups[i]!;
    worst = Math.max(worst, Math.abs(expected - out[i]!) / Math.max(1, Math.abs(expected)));
  }
  expect(worst).toBeLessThan(5e-7);
  expect(Number.isFinite(out[0])).toBe(true);
  expect(Math.abs(out[1]!)).toBeLessThan(1e-20);
});

test("swiglu() gives a row the same bits whatever rows stand beside it", async () => {
  const values = random(3, 30 * 14);
  const rows = (from: number, to: number) => gpu.upload("packed", values.slice(from * 14, to * 14), [to - from, 14]);
  const many = await forward((tape) => swiglu(tape, rows(0, 30)));
  const one = await forward((tape) => swiglu(tape, rows(21, 22)));
  expect(one).toEqual(many.slice(21 * 7, 22 * 7));
});

test("swiglu() has the gradient of its forward, assigned and added", () =>
  gradcheck(
    { packed: [3, 12] },
    (tape, { packed }) => {
      const inner = swiglu(tape, packed);
      return swiglu(tape, join(tape, [inner, inner, swiglu(tape, packed)]));
    },
    { values: { packed: random(5, 36).map((v) => v * 3) } },
  ));

test("swiglu() has the same gradient where it is written over gate and up", async () => {
  const [N, F] = [5, 12];
  const w = gpu.upload("w", random(7, N * 2 * F), [N, 2 * F]);
  const found: Float32Array[] = [];
  for (const reuse of [false, true]) {
    const plan = new Plan(gpu, "swiglu", { reuse });
    const tape = new Tape(plan);
    const dw = plan.upload("dw", new Float32Array(N * 2 * F), [N, 2 * F]);
    tape.train(w, dw);
    const { d } = tape.into(swiglu(tape, gelu(tape, w, "erf")))!;
    plan.keep(d);
    tape.backward();
    // It has a buffer only after a run.
    plan.run();
    gpu.write(d, random(8, N * F));
    gpu.clear(dw);
    plan.run();
    found.push(await gpu.read(dw));
    plan.free();
  }
  expect(found[1]).toEqual(found[0]);
  expect(found[0]!.some((value) => Math.abs(value) > 0.1)).toBe(true);
});

test("swiglu() names the tensor whose shape is wrong", () => {
  const tape = new Tape(new Plan(gpu, "swiglu"));
  expect(() => swiglu(tape, gpu.empty("gate_up", [2, 5]))).toThrow(
    "gate_up has shape (2, 5), expected gate and up: (N, 2 F)",
  );
});

test.each([
  [3, 24, 16],
  [3, 24, 10],
])("gatedLinear() of %i rows of %i has the bits of swiglu(linear()), F = %i", async (N, I, F) => {
  const upload = (seed: number, ...shape: [number, number]) =>
    gpu.upload("tensor", random(seed, shape[0] * shape[1]), shape);
  const [x, weight] = [upload(1, N, I), upload(2, 2 * F, I)];
  const bias = gpu.upload("bias", random(3, 2 * F), [2 * F]);
  const adapter = { down: upload(4, 8, I), up: upload(5, 2 * F, 4), scaling: 0.5, bounds: [0, F, 2 * F] };
  for (const adapters of [[], [adapter]]) {
    const options = { bias, adapters };
    const want = await forward((tape) => swiglu(tape, linear(tape, x, weight, options)));
    expect(want).toHaveLength(N * F);
    expect(await forward((tape) => gatedLinear(tape, x, weight, options))).toEqual(want);
  }
});

test("gatedLinear() has the gradient of its forward", () =>
  gradcheck({ x: [3, 8], weight: [16, 8], bias: [16] }, (tape, { x, weight, bias }) =>
    gatedLinear(tape, x, weight, { bias }),
  ));

test("gatedLinear() stores gate and up only for a backward pass", () => {
  const dispatches = (recording: boolean) => {
    const plan = new Plan(gpu, "gated");
    gatedLinear(new Tape(plan, recording), gpu.empty("x", [2, 8]), gpu.empty("weight", [16, 8]));
    return plan.dispatches;
  };
  expect([dispatches(false), dispatches(true)]).toEqual([1, 2]);
});
