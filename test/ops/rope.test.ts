import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { checkPositions, inverseFrequencies, rope, ropeTable } from "../../src/ops/rope.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

/** Three axes over four pairs, and positions for N rows on each axis. */
const axis = Uint32Array.from([0, 1, 2, 1]);
const D = axis.length * 2;
const places = (N: number) => Uint32Array.from({ length: 3 * N }, (_, i) => (i * 7) % 50);
const frequencies = inverseFrequencies(D, 100);
const table = gpu.upload("table", ropeTable(50, frequencies), [50, D / 2, 2]);
const axes = gpu.upload("axis", axis, [D / 2]);

test("rope() turns a pair by a quarter: (1, 2) becomes (-2, 1)", async () => {
  const x = gpu.upload("x", new Float32Array([1, 5, 2, 6]), [1, 1, 4]);
  const quarter = gpu.upload("table", new Float32Array([1, 0, 1, 0, 0, 1, 1, 0]), [2, 2, 2]);
  const positions = gpu.upload("positions", Uint32Array.from([1]), [1, 1]);
  const one = gpu.upload("axis", Uint32Array.from([0, 0]), [2]);
  expect(await forward((tape) => rope(tape, x, positions, quarter, one))).toEqual(new Float32Array([-2, 5, 1, 6]));
});

test("rope() equals double precision, each pair by its own axis", async () => {
  const [N, heads] = [23, 3];
  const xs = random(1, N * heads * D);
  const p = places(N);
  const x = gpu.upload("x", xs, [N, heads, D]);
  const out = await forward((tape) => rope(tape, x, gpu.upload("positions", p, [3, N]), table, axes));
  let worst = 0;
  for (let n = 0; n < N; n++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < D / 2; i++) {
        const angle = p[axis[i]! * N + n]! * frequencies[i]!;
        const a = (n * heads + h) * D + i;
        const b = a + D / 2;
        const turned = [
          xs[a]! * Math.cos(angle) - xs[b]! * Math.sin(angle),
          xs[b]! * Math.cos(angle) + xs[a]! * Math.sin(angle),
        ];
        worst = Math.max(worst, Math.abs(turned[0]! - out[a]!), Math.abs(turned[1]! - out[b]!));
      }
  // Angles up to 49 are rounded to float32: 2e-6.
  expect(worst).toBeLessThan(4e-6);
});

test("rope() gives a row the same bits whatever rows stand beside it", async () => {
  const N = 20;
  const xs = random(2, N * D);
  const p = places(N);
  const many = await forward((tape) =>
    rope(tape, gpu.upload("x", xs, [N, 1, D]), gpu.upload("positions", p, [3, N]), table, axes),
  );
  const own = gpu.upload("positions", Uint32Array.from([p[13]!, p[N + 13]!, p[2 * N + 13]!]), [3, 1]);
  const x = gpu.upload("x", xs.slice(13 * D, 14 * D), [1, 1, D]);
  expect(await forward((tape) => rope(tape, x, own, table, axes))).toEqual(many.slice(13 * D, 14 * D));
});

test("rope() has the gradient of its forward, assigned and added", () => {
  const positions = gpu.upload("positions", places(3), [3, 3]);
  return gradcheck({ x: [3, 3, D] }, (tape, { x }) =>
    rope(tape, rope(tape, x, positions, table, axes), positions, table, axes),
  );
});

test("rope() names the tensor whose shape is wrong", () => {
  const tape = new Tape(new Plan(gpu, "rope"));
  const positions = gpu.empty("positions", [3, 4], "u32");
  const x = gpu.empty("q", [5, 2, D]);
  expect(() => rope(tape, x, positions, table, axes)).toThrow("positions has shape (3, 4), expected (-1, 5)");
});

test("inverseFrequencies() has PyTorch's float32 values", () => {
  expect(inverseFrequencies(4, 10000)).toEqual(new Float32Array([1, 0.01]));
  const many = inverseFrequencies(128, 1e6);
  many.forEach((f, i) => {
    const exact = 1e6 ** ((-2 * i) / 128);
    expect(Math.abs(f / exact - 1)).toBeLessThan(1e-6);
  });
});

test("ropeTable() takes cos and sin of the angle in float32", () => {
  const turns = ropeTable(100_000, [0.1]);
  expect(turns.slice(0, 2)).toEqual(new Float32Array([1, 0]));
  const angle = Math.fround(99_999 * Math.fround(0.1));
  expect(turns.slice(-2)).toEqual(new Float32Array([Math.cos(angle), Math.sin(angle)]));
  expect(angle).not.toBe(99_999 * Math.fround(0.1));
});

test("checkPositions() names the position that lies beyond the table", () => {
  checkPositions(Uint32Array.from([0, 49]), 50);
  expect(() => checkPositions(Uint32Array.from([0, 50]), 50)).toThrow(
    "Position 50 lies beyond the rotary table, which ends at 49",
  );
});
