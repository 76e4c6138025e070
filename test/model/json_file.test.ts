import { describe, expect, test } from "vitest";
import { excerpt, formatJson, parseJson, readJson, wholeNumber } from "../../src/model/json_file.ts";

describe("JSON as Python writes it", () => {
  test("NaN and infinities stand where a number may, and in strings they are text", () => {
    expect(parseJson('{"a": NaN, "b": [Infinity, -Infinity], "c": "NaN \\" Infinity", "NaN": 1}', "f.json")).toEqual({
      a: Number.NaN,
      b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      c: 'NaN " Infinity',
      NaN: 1,
    });
    expect(parseJson('[NaN, "not a number", "\\\\"]', "f.json")).toEqual([Number.NaN, "not a number", "\\"]);
  });

  test("and are written again as they stood", () => {
    const text = '{\n  "a": NaN,\n  "b": [\n    -Infinity,\n    Infinity\n  ],\n  "c": "NaN"\n}';
    expect(formatJson(parseJson(text, "f.json"))).toBe(text);
  });

  test.each(["{", "", "[NaNa]", "-NaN", "[1,]", '{"a" NaN}', "nan", "[+Infinity]", '"abc', "\u0000"])(
    "%j is refused with the file's name",
    (text) => {
      expect(() => parseJson(text, "f.json")).toThrow("f.json is not valid JSON");
    },
  );

  test("so is what is nested deeper than any file", () => {
    expect(() => parseJson("[".repeat(1_000_000), "f.json")).toThrow(
      "f.json: expected values nested at most 100 deep, found more",
    );
    expect(() => parseJson('{"a":'.repeat(200_000), "f.json")).toThrow("nested at most 100 deep");
    expect(parseJson(`${"[".repeat(100)}${"]".repeat(100)}`, "f.json")).toHaveLength(1);
  });

  test("a file of another kind", async () => {
    const files = (text: string, sizeBytes = text.length) => ({
      read: async () => new TextEncoder().encode(text),
      sizeBytes: async () => sizeBytes,
    });
    await expect(readJson(files("[]"), "config.json")).rejects.toThrow("config.json is not a JSON object");
    await expect(readJson(files("null"), "config.json")).rejects.toThrow("config.json is not a JSON object");
    await expect(readJson(files("{}", 1e9), "config.json")).rejects.toThrow("expected at most 16777216 bytes");
  });
});

test("values in sentences are short, and NaN is NaN", () => {
  expect(excerpt(Number.NaN)).toBe("NaN");
  expect(excerpt(undefined)).toBe("nothing");
  expect(excerpt("x".repeat(1000))).toHaveLength(83);
});

test.each([
  [1.5, "a whole number from 1 to 9, found 1.5"],
  [0, "a whole number from 1 to 9, found 0"],
  [-1, "a whole number from 1 to 9, found -1"],
  [10, "a whole number from 1 to 9, found 10"],
  [Number.NaN, "a whole number from 1 to 9, found NaN"],
  [Number.POSITIVE_INFINITY, "a whole number from 1 to 9, found Infinity"],
  ["3", 'a number from 1 to 9, found "3"'],
  [true, "a number from 1 to 9, found true"],
  [[3], "a number from 1 to 9, found [3]"],
  [null, "a number from 1 to 9, found null"],
])("%j is no count", (value, sentence) => {
  expect(() => wholeNumber(value, "x", 1, 9)).toThrow(`x must be ${sentence}`);
});
