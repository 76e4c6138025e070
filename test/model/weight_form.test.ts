import { expect, test } from "vitest";
import { pack, unpack } from "../../src/model/weight_form.ts";

/** Two rows of four; the last number is another. */
const rows = (last: number) => Float32Array.of(1, -2, 0, 0.5, 3, 4, 5, last);

test.each([
  ["f16", 65_504, 65_520],
  ["bf16", 3.3895313892515355e38, 3.4028234663852886e38],
] as const)("pack() keeps the largest number of %s and refuses one beyond it", (dtype, largest, beyond) => {
  const form = { dtype };
  for (const sign of [1, -1]) {
    expect(unpack(pack(rows(sign * largest), 4, form, { name: "up_proj" }), 4, form).at(-1)).toBe(sign * largest);
    // The place is counted from the matrix's own beginning.
    expect(() => pack(rows(sign * beyond), 4, form, { name: "up_proj", first: 8 })).toThrow(
      `up_proj, row 3: found ${sign * beyond}, which is too large for ${dtype}; choose another baseDtype`,
    );
  }
  // What is no number in the file is none afterwards: the first log-probability says so.
  expect(unpack(pack(rows(Number.POSITIVE_INFINITY), 4, form, { name: "up_proj" }), 4, form).at(-1)).toBe(Infinity);
  expect(unpack(pack(rows(Number.NaN), 4, form, { name: "up_proj" }), 4, form).at(-1)).toBeNaN();
});
