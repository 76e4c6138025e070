import { expect, test } from "vitest";
import { Parameters } from "../../src/model/parameters.ts";
import { formOf } from "../../src/model/weight_form.ts";
import { largestMagnitudes } from "../../src/ops/weight_range.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

test.each(["f32", "bf16", "f16", "int8", "int4", "nf4"] as const)(
  "the largest magnitude of weights in %s is found",
  async (base) => {
    const shapes = [
      { name: "a", shape: [8, 64] },
      { name: "b", shape: [1028, 128] },
    ];
    const parameters = new Parameters(gpu, shapes, { trained: false, formOf: (one) => formOf(one, base, "F32") });
    for (const { name, shape } of shapes) {
      const values = random(3, shape[0]! * shape[1]!);
      values[values.length - 3] = -700;
      parameters.write(name, values, 0);
    }
    const stored = await parameters.read();
    const want = shapes.map(({ name }) =>
      stored.get(name)!.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    );
    expect(want[0]).toBeGreaterThan(600);
    const got = await largestMagnitudes(
      gpu,
      shapes.map(({ name }) => parameters.get(name)),
    );
    expect([...got]).toEqual(want);
  },
);

test("the range of weights with a NaN, or that cannot be measured, is NaN", async () => {
  const parameters = new Parameters(
    gpu,
    [
      { name: "a", shape: [4, 64] },
      { name: "odd", shape: [3, 3] },
    ],
    { trained: false },
  );
  const values = random(3, 256);
  values[100] = Number.NaN;
  parameters.write("a", values, 0);
  const got = await largestMagnitudes(gpu, [parameters.get("a"), parameters.get("odd")]);
  expect(got[0]).toBeNaN();
  expect(got[1]).toBeNaN();
  expect(await largestMagnitudes(gpu, [])).toHaveLength(0);
});
