import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { swiglu } from "../../src/ops/swiglu.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

test("swiglu() is gate times its sigmoid times up", async () => {
  const gate = gpu.upload("gate", new Float32Array([0, 1, -1, Math.log(3)]), [2, 2]);
  const up = gpu.upload("up", new Float32Array([5, 2, 2, 4]), [2, 2]);
  const out = await forward((tape) => swiglu(tape, gate, up));
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
  const gate = gpu.upload("gate", gates, [N, F]);
  const out = await forward((tape) => swiglu(tape, gate, gpu.upload("up", ups, [N, F])));
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
  const gates = random(3, 30 * 7);
  const ups = random(4, 30 * 7);
  const rows = (values: Float32Array, from: number, to: number) =>
    gpu.upload("x", values.slice(from * 7, to * 7), [to - from, 7]);
  const many = await forward((tape) => swiglu(tape, rows(gates, 0, 30), rows(ups, 0, 30)));
  const one = await forward((tape) => swiglu(tape, rows(gates, 21, 22), rows(ups, 21, 22)));
  expect(one).toEqual(many.slice(21 * 7, 22 * 7));
});

test("swiglu() has the gradient of its forward, assigned and added", () =>
  gradcheck(
    { gate: [3, 7], up: [3, 7] },
    (tape, { gate, up }) => {
      const inner = swiglu(tape, gate, up);
      return swiglu(tape, inner, swiglu(tape, up, inner));
    },
    { values: { gate: random(5, 21).map((v) => v * 3) } },
  ));

test("swiglu() names the tensor whose shape is wrong", () => {
  const tape = new Tape(new Plan(gpu, "swiglu"));
  const gate = gpu.empty("gate", [2, 4]);
  expect(() => swiglu(tape, gate, gpu.empty("up", [2, 3]))).toThrow("up has shape (2, 3), expected (2, 4)");
});
