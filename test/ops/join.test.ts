import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { join } from "../../src/ops/join.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck } from "../support/gradcheck.ts";

test("join() puts rows side by side", async () => {
  const a = gpu.upload("a", new Float32Array([1, 2, 3, 4]), [2, 2]);
  const b = gpu.upload("b", new Float32Array([5, 6]), [2, 1]);
  expect(await forward((tape) => join(tape, [a, b, a]))).toEqual(new Float32Array([1, 2, 5, 1, 2, 3, 4, 6, 3, 4]));
});

test("join() has the gradient of its forward, also of what it has taken twice", () =>
  gradcheck({ a: [3, 5], b: [3, 2] }, (tape, { a, b }) => join(tape, [a, b, join(tape, [b, a])])));

test("join() names the tensor whose shape is wrong", () => {
  const tape = new Tape(new Plan(gpu, "join"));
  expect(() => join(tape, [gpu.empty("a", [2, 3]), gpu.empty("b", [3, 3])])).toThrow(
    "b has shape (3, 3), expected (2, -1)",
  );
});
