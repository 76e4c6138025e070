import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { inverseFrequencies, ropeTable, rotationsOf } from "../../src/ops/rope.ts";
import { gpu } from "../support/device.ts";
import { forward } from "../support/gradcheck.ts";

test("rotationsOf() looks up each pair at its row's position on its axis", async () => {
  const axis = Uint32Array.from([0, 1, 2, 1]);
  const [N, half] = [70, axis.length];
  const places = Uint32Array.from({ length: 3 * N }, (_, i) => (i * 7) % 50);
  const values = ropeTable(50, inverseFrequencies(2 * half, 100));
  const out = await forward((tape) =>
    rotationsOf(
      tape,
      gpu.upload("positions", places, [3, N]),
      gpu.upload("table", values, [50, half, 2]),
      gpu.upload("axis", axis, [half]),
    ),
  );
  const want = Array.from({ length: N * half }, (_, pair) => {
    const [n, i] = [Math.floor(pair / half), pair % half];
    const at = (places[axis[i]! * N + n]! * half + i) * 2;
    return [values[at]!, values[at + 1]!];
  });
  expect(out).toEqual(Float32Array.from(want.flat()));
});

test("rotationsOf() names the tensor whose shape is wrong", () => {
  const tape = new Tape(new Plan(gpu, "rope"));
  const positions = gpu.empty("positions", [3, 4], "u32");
  expect(() => rotationsOf(tape, positions, gpu.empty("table", [50, 3, 2]), gpu.empty("axis", [4], "u32"))).toThrow(
    "table has shape (50, 3, 2), expected (-1, 4, 2)",
  );
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
  const rotations = ropeTable(100_000, [0.1]);
  expect(rotations.slice(0, 2)).toEqual(new Float32Array([1, 0]));
  const angle = Math.fround(99_999 * Math.fround(0.1));
  expect(rotations.slice(-2)).toEqual(new Float32Array([Math.cos(angle), Math.sin(angle)]));
  expect(angle).not.toBe(99_999 * Math.fround(0.1));
});
