import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { linear } from "../../src/ops/linear.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

test("linear() has the gradient of its forward with an adapter", () =>
  gradcheck(
    { x: [3, 8], weight: [12, 8], bias: [12], residual: [3, 12], down: [2, 8], up: [12, 2] },
    (tape, { x, weight, bias, residual, down, up }) =>
      linear(tape, x, weight, { bias, residual, adapters: [{ down, up, scaling: 1.5, bounds: [0, 12] }] }),
  ));

test("linear() has the gradient of its forward with an adapter of three layers side by side", () =>
  gradcheck({ x: [5, 8], weight: [20, 8], down: [12, 8], up: [20, 4] }, (tape, { x, weight, down, up }) =>
    linear(tape, x, weight, { adapters: [{ down, up, scaling: 0.5, bounds: [0, 8, 12, 20] }] }),
  ));

test("linear() has the gradient of its forward with adapters on some of its columns", () =>
  gradcheck(
    { x: [5, 8], weight: [20, 8], down: [3, 8], up: [8, 3], other: [2, 8], otherUp: [6, 2] },
    (tape, { x, weight, down, up, other, otherUp }) =>
      linear(tape, x, weight, {
        adapters: [
          { down, up, scaling: 0.5, bounds: [0, 8] },
          { down: other, up: otherUp, scaling: 2, bounds: [14, 20] },
        ],
      }),
  ));

const shape = (values: Float32Array, ...extents: number[]) => gpu.upload("tensor", values, extents);

test.each([
  [4, 24, [0, 16, 24, 40]],
  [4, 24, [0, 40]],
  [3, 24, [0, 16, 24, 40]],
  [4, 24, [8, 24]],
  [4, 22, [0, 16, 40]],
  [4, 24, [0, 14, 40]],
])("linear() adds an adapter of rank %i for rows of %i in columns %j", async (R, I, bounds) => {
  const [N, O, scaling] = [7, 40, 1.25];
  const P = bounds.length - 1;
  const [from, to] = [bounds[0]!, bounds[P]!];
  const [xs, ws, downs, ups] = [random(1, N * I), random(2, O * I), random(3, P * R * I), random(4, (to - from) * R)];
  const [x, weight] = [shape(xs, N, I), shape(ws, O, I)];
  const adapter = { down: shape(downs, P * R, I), up: shape(ups, to - from, R), scaling, bounds };
  const base = await forward((tape) => linear(tape, x, weight));
  const got = await forward((tape) => linear(tape, x, weight, { adapters: [adapter] }));
  const sum = (count: number, term: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => term(i)).reduce((a, b) => a + b, 0);
  let worst = 0;
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      const part = bounds.findIndex((end, i) => i > 0 && o < end) - 1;
      const added =
        o < from || o >= to
          ? 0
          : sum(R, (r) => sum(I, (i) => xs[n * I + i]! * downs[(part * R + r) * I + i]!) * ups[(o - from) * R + r]!);
      worst = Math.max(worst, Math.abs(base[n * O + o]! + scaling * added - got[n * O + o]!));
    }
  expect(worst).toBeLessThan(2e-5);
  // A row alone has the same bits.
  const one = { x: shape(xs.slice(5 * I, 6 * I), 1, I) };
  expect(await forward((tape) => linear(tape, one.x, weight, { adapters: [adapter] }))).toEqual(
    got.slice(5 * O, 6 * O),
  );
});

test("linear() adds up an adapter's gradients over more outputs and rows than one split has", async () => {
  const [N, I, O, R] = [300, 4, 600, 4];
  const plan = new Plan(gpu, "linear");
  const tape = new Tape(plan);
  const tensor = (name: string, seed: number, ...extents: [number, number]) =>
    plan.upload(name, random(seed, extents[0] * extents[1]), extents);
  const [x, weight, down, up] = [
    tensor("x", 1, N, I),
    tensor("weight", 2, O, I),
    tensor("down", 3, 2 * R, I),
    tensor("up", 4, O, R),
  ];
  const [ddown, dup] = [down, up].map((t) => {
    const d = plan.upload(`d${t.name}`, new Float32Array(t.shape[0]! * t.shape[1]!), t.shape);
    tape.train(t, d);
    return d;
  }) as [Tensor, Tensor];
  const out = linear(tape, x, weight, { adapters: [{ down, up, scaling: 0.5, bounds: [0, 300, 600] }] });
  gpu.write(tape.into(out)!.d, random(5, N * O));
  tape.backward();
  plan.run();
  const [gotDown, gotUp] = (await gpu.read(ddown, dup)) as [Float32Array, Float32Array];
  const [xs, downs, ups, ds] = [random(1, N * I), random(3, 2 * R * I), random(4, O * R), random(5, N * O)];
  const low = (n: number, r: number) => [0, 1, 2, 3].reduce((sum, i) => sum + xs[n * I + i]! * downs[r * I + i]!, 0);
  for (const [o, r] of [
    [3, 1],
    [599, 2],
  ] as const) {
    let sum = 0;
    for (let n = 0; n < N; n++) sum += 0.5 * ds[n * O + o]! * low(n, (o < 300 ? 0 : R) + r);
    expect(gotUp[o * R + r]).toBeCloseTo(sum, 3);
  }
  for (const [column, i] of [
    [1, 2],
    [6, 0],
  ] as const) {
    let sum = 0;
    for (let n = 0; n < N; n++) {
      let dlow = 0;
      for (let o = column < R ? 0 : 300; o < (column < R ? 300 : 600); o++)
        dlow += 0.5 * ds[n * O + o]! * ups[o * R + (column % R)]!;
      sum += dlow * xs[n * I + i]!;
    }
    expect(gotDown[column * I + i]).toBeCloseTo(sum, 2);
  }
  plan.free();
});

test("linear() names an adapter's tensor whose shape is wrong", () => {
  const tape = new Tape(new Plan(gpu, "linear"));
  const adapter = { down: gpu.empty("lora_A", [4, 8]), up: gpu.empty("lora_B", [6, 2]), scaling: 1, bounds: [0, 4, 8] };
  const [x, weight] = [gpu.empty("x", [2, 8]), gpu.empty("weight", [8, 8])];
  expect(() => linear(tape, x, weight, { adapters: [adapter] })).toThrow("lora_B has shape (6, 2), expected (8, 2)");
});

test("a frozen weight under an adapter gets no gradient, and its input still does", async () => {
  const plan = new Plan(gpu, "linear");
  const tape = new Tape(plan);
  const tensor = (name: string, seed: number, shape: [number, number]) =>
    plan.upload(name, random(seed, shape[0] * shape[1]), shape);
  const [x, weight, down, up] = [
    tensor("x", 1, [3, 8]),
    tensor("weight", 2, [5, 8]),
    tensor("down", 3, [2, 8]),
    tensor("up", 4, [5, 2]),
  ];
  const gradients = [x, down, up].map((t) => {
    const d = plan.upload(`d${t.name}`, new Float32Array(t.shape[0]! * t.shape[1]!), t.shape);
    tape.train(t, d);
    return d;
  });
  const out = linear(tape, x, weight, { adapters: [{ down, up, scaling: 2, bounds: [0, 5] }] });
  gpu.write(tape.into(out)!.d, random(5, 15));
  expect(tape.tracks(weight)).toBe(false);
  tape.backward();
  plan.run();
  const [dx, ddown, dup] = await gpu.read(...gradients);
  const at = (values: Float32Array, width: number) => (row: number, column: number) => values[row * width + column]!;
  const [X, W, A, B, D] = [
    at(random(1, 24), 8),
    at(random(2, 40), 8),
    at(random(3, 16), 8),
    at(random(4, 10), 2),
    at(random(5, 15), 5),
  ];
  const sum = (count: number, term: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => term(i)).reduce((a, b) => a + b, 0);
  const dnarrow = (n: number, r: number) => 2 * sum(5, (o) => D(n, o) * B(o, r));
  expect(dx![11]).toBeCloseTo(sum(5, (o) => D(1, o) * W(o, 3)) + sum(2, (r) => dnarrow(1, r) * A(r, 3)), 5);
  expect(ddown![10]).toBeCloseTo(
    sum(3, (n) => dnarrow(n, 1) * X(n, 2)),
    5,
  );
  expect(dup![7]).toBeCloseTo(
    sum(3, (n) => D(n, 3) * 2 * sum(8, (i) => X(n, i) * A(1, i))),
    5,
  );
  plan.free();
});
