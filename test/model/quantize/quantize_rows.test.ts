import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fromHalf, toHalf } from "../../../src/model/half.ts";
import { dequantizeRows } from "../../../src/model/quantize/dequantize_rows.ts";
import type { QuantizedForm } from "../../../src/model/quantize/form.ts";
import { nf4Values } from "../../../src/model/quantize/nf4.ts";
import { quantizeRows } from "../../../src/model/quantize/quantize_rows.ts";
import { Random } from "../../../src/tasks/random.ts";

const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, "0"));
const row = (count: number, values: Record<number, number>) => {
  const all = new Float32Array(count);
  for (const [i, value] of Object.entries(values)) all[Number(i)] = value;
  return all;
};

describe("by hand", () => {
  test("i8: a signed byte a number, the lowest first; a scale a row or a block", () => {
    const values = Float32Array.of(127, -127, 1, -1, 0.5, 0.49, -64, 63.5);
    const whole = quantizeRows(values, 8, { dtype: "i8", block: 8 });
    expect(hex(whole.data)).toEqual(["ff01817f", "40c00001"]);
    expect(hex(whole.scales)).toEqual(["00003c00"]);
    expect([...dequantizeRows(whole, 8, { dtype: "i8", block: 8 })]).toEqual([127, -127, 1, -1, 1, 0, -64, 64]);
    // The second block's scale is 64 / 127 in f16.
    const two = quantizeRows(values, 8, { dtype: "i8", block: 4 });
    expect(hex(two.scales)).toEqual(["00003c00", "00003808"]);
    expect(hex(two.data)).toEqual(["ff01817f", "7e810101"]);
  });

  test("i4: the number of largest magnitude is eight steps from zero, whatever its sign", () => {
    const form: QuantizedForm = { dtype: "i4", block: 8 };
    const values = Float32Array.of(-8, 7, 8, 0, 1, -1, 0.5, -0.51, 4, -4, 3.5, 0, 0, 0, 0, 0.25);
    const { data, scales } = quantizeRows(values, 8, form);
    expect(hex(scales)).toEqual(["48003c00", "4800b800"]);
    // 8 itself is clipped to 7; 0.5 goes up. Then scale -0.5: 4 is q 0, -4 is clipped, 3.5 is q 1, 0.25 ties to q 8.
    expect(hex(data)).toEqual(["79798ff0", "888881f0"]);
    expect([...dequantizeRows({ data, scales }, 8, form)]).toEqual([
      ...[-8, 7, 7, 0, 1, -1, 1, -1],
      ...[4, -3.5, 3.5, -0, -0, -0, -0, -0],
    ]);
  });

  test("nf4: all sixteen values of the table, and the nearest to what lies between", () => {
    const form: QuantizedForm = { dtype: "nf4", block: 16 };
    const values = nf4Values.map((value) => value * 2);
    const exact = quantizeRows(values, 16, form);
    expect(hex(exact.data)).toEqual(["76543210", "fedcba98"]);
    expect(hex(exact.scales)).toEqual(["00004000"]);
    expect(dequantizeRows(exact, 16, form)).toEqual(values);
    for (let q = 0; q < 15; q++) {
      const middle = (nf4Values[q]! + nf4Values[q + 1]!) / 2;
      const { data } = quantizeRows(row(8, { 0: 1, 1: middle - 1e-6, 2: middle + 1e-6 }), 8, {
        dtype: "nf4",
        block: 8,
      });
      expect([(data[0]! >>> 4) & 15, (data[0]! >>> 8) & 15]).toEqual([q, q + 1]);
    }
  });

  test("zeros stay zeros", () => {
    for (const dtype of ["i8", "i4", "nf4"] as const) {
      const form: QuantizedForm = { dtype, block: 8 };
      const rows = quantizeRows(Float32Array.of(0, -0, 0, 0, 0, 0, 0, -0), 8, form);
      expect(rows.scales[0]! & 0xffff).toBe(0);
      expect([...dequantizeRows(rows, 8, form)].every((value) => value === 0)).toBe(true);
    }
  });

  test("a zero point and a group of a published file", () => {
    const form: QuantizedForm = { dtype: "i4", block: 8 };
    const scales = Uint32Array.of(toHalf(0.25) | (toHalf(16) << 16));
    expect([...dequantizeRows({ data: Uint32Array.of(0xf0), scales }, 8, form)].slice(0, 2)).toEqual([-4, -0.25]);
  });
});

const forms: QuantizedForm[] = [
  { dtype: "i8", block: 256 },
  { dtype: "i8", block: 64 },
  { dtype: "i4", block: 32 },
  { dtype: "i4", block: 64 },
  { dtype: "nf4", block: 64 },
];

describe.each(forms)("$dtype in blocks of $block", (form) => {
  test("no number is further away than half a step, or than what was clipped", () => {
    const random = new Random(4, [0]);
    const values = new Float32Array(64 * 256);
    // From 1e-7 (halves have no such scales) to 1e4.
    for (let i = 0; i < values.length; i++)
      values[i] = (random.uniform() - random.uniform()) * 10 ** ((i >> 8) / 6 - 7);
    const rows = quantizeRows(values, 256, form);
    const again = dequantizeRows(rows, 256, form);
    for (let i = 0; i < values.length; i++) {
      const scale = Math.abs(fromHalf(rows.scales[Math.floor(i / form.block)]! & 0xffff));
      const steps = Math.abs(values[i]! - again[i]!) / scale;
      const clipped =
        form.dtype === "i4" && values[i]! / fromHalf(rows.scales[Math.floor(i / form.block)]! & 0xffff) > 7;
      const most = form.dtype === "nf4" ? 0.15191 : clipped ? 1.01 : 0.50001;
      // A number at an end of the table is off by the rounding of the scale as well.
      if (!(steps <= most + 0.001)) expect([i, values[i], again[i], steps]).toBe(`at most ${most}`);
    }
    // Numbers of the form stay the same, bit for bit, but where the scale had been made larger (the first rows).
    const normal = again.subarray(32 * 256);
    if (form.dtype !== "i8")
      expect(dequantizeRows(quantizeRows(normal, 256, form), 256, form).map((value) => value + 0)).toEqual(
        normal.map((value) => value + 0),
      );
  });

  test("rows by themselves are those of the whole", () => {
    const random = new Random(5, [0]);
    const values = Float32Array.from({ length: 4 * 256 }, () => random.uniform() - 0.5);
    const whole = quantizeRows(values, 256, form);
    const last = quantizeRows(values.subarray(3 * 256), 256, form);
    expect(last.data).toEqual(whole.data.subarray((whole.data.length * 3) / 4));
    expect(last.scales).toEqual(whole.scales.subarray((whole.scales.length * 3) / 4));
  });

  test("a number that is not finite or too large for a half is named by its row", () => {
    const at = { name: "lm_head.weight", firstRow: 10 };
    const sentence = (value: number) => () => quantizeRows(row(512, { 300: value }), 256, form, at);
    expect(sentence(NaN)).toThrow(/^lm_head\.weight, row 11: expected finite weights .* found NaN;/);
    expect(sentence(-Infinity)).toThrow("found -Infinity");
    expect(sentence(1e9)).toThrow("found 1000000000, whose scale no half can hold");
  });
});

test("forms and rows that do not fit", () => {
  const values = new Float32Array(96);
  expect(() => quantizeRows(values, 48, { dtype: "i4", block: 32 })).toThrow(
    "rows of 48 numbers are not a multiple of blocks of 32",
  );
  expect(() => quantizeRows(values, 48, { dtype: "i4", block: 12 })).toThrow("must be multiples of 8, found 12");
  expect(() => quantizeRows(values, 64, { dtype: "i4", block: 32 })).toThrow("expected whole rows of 64");
});

test("equals numpy, which tries every value that a scale can give", () => {
  const file = new URL("../../golden/quantized/rows.json", import.meta.url);
  const golden = JSON.parse(readFileSync(file, "utf8"));
  const bytesOf = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
  const values = new Float32Array(bytesOf(golden.values));
  expect(golden.cases.length).toBe(6);
  for (const { dtype, block, data, scales, dequantized } of golden.cases) {
    const rows = quantizeRows(values, golden.columns, { dtype, block });
    expect(hex(rows.scales), `${dtype} ${block}`).toEqual(hex(new Uint32Array(bytesOf(scales))));
    expect(hex(rows.data), `${dtype} ${block}`).toEqual(hex(new Uint32Array(bytesOf(data))));
    const wanted = new Float32Array(bytesOf(dequantized)).map((value) => value + 0);
    expect(dequantizeRows(rows, golden.columns, { dtype, block }).map((value) => value + 0)).toEqual(wanted);
  }
});
