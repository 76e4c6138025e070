import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { toBf16 } from "../../src/model/float_bytes.ts";
import { roundToBf16 } from "../../src/ops/round.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

test("roundToBf16() rounds to the nearest as on the host, ties to even, in half the bits or in f32", async () => {
  const values = Float32Array.from([...random(1, 388), 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38, -1e-40, 0, -0]);
  const words = new Uint32Array(values.buffer);
  const numbers = Float32Array.from([...values, Number.NaN, Number.POSITIVE_INFINITY]);
  new Uint32Array(numbers.buffer).set(words);
  const plan = new Plan(gpu, "round");
  const from = plan.upload("values", numbers, [2, 198]);
  const [packed, rounded] = [plan.empty("packed", [2, 198], "bf16"), plan.empty("rounded", [2, 198])];
  roundToBf16(plan, from, packed);
  roundToBf16(plan, from, rounded);
  plan.run();
  const want = toBf16(numbers);
  const [halves, whole] = await gpu.readUint(packed, rounded);
  expect(new Uint16Array(halves!.buffer)).toEqual(want);
  expect(whole).toEqual(Uint32Array.from(want, (half) => half << 16));
  expect(() => roundToBf16(plan, gpu.empty("odd", [6]), gpu.empty("odd", [6]))).toThrow(
    "odd has 6 numbers, expected a multiple of 4",
  );
  expect(() => roundToBf16(plan, from, gpu.empty("other", [4]))).toThrow("other has shape (4), expected (2, 198)");
});
