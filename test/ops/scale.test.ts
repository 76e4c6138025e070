import { expect, test } from "vitest";
import { scale } from "../../src/ops/scale.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

test("by hand", async () => {
  const x = gpu.upload("x", Float32Array.of(1, -2, 0.5, 8), [2, 2]);
  expect(Array.from(await forward((tape) => scale(tape, x, 1.5)))).toEqual([1.5, -3, 0.75, 12]);
});

test("gradients", () => gradcheck({ x: [3, 23] }, (tape, { x }) => scale(tape, x, -2.25)));

test("more than one workgroup, the same bits as in float32", async () => {
  const values = random(1, 37 * 41);
  const x = gpu.upload("x", values, [37, 41]);
  expect(await forward((tape) => scale(tape, x, 0.3))).toEqual(values.map((v) => Math.fround(0.3) * v));
});
