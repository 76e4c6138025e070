import { describe, expect, test } from "vitest";
import { dumpJson, floatText, loadJson } from "../../src/policy/python_json.ts";
import {
  isTruthy,
  length,
  max,
  min,
  repr,
  round,
  str,
  strip,
  toFloat,
  typeName,
} from "../../src/policy/python_text.ts";
import { readBytes } from "../support/png.ts";

type JsonCase = { suite: "json"; t: string } & ({ d: string; r: string } | { e: string });
type FloatCase = { suite: "float"; t: string } & ({ v: string } | { e: string });

/** What CPython 3.11 made of random texts. */
const cases = new TextDecoder()
  .decode(await readBytes(new URL("../golden/cases/python.jsonl", import.meta.url)))
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as JsonCase | FloatCase);

const outcome = (make: () => object): object => {
  try {
    return make();
  } catch (error) {
    return { e: (error as Error).message };
  }
};

describe("agrees with CPython", () => {
  test("in json.loads, its errors, json.dumps and repr", () => {
    const texts = cases.filter((one) => one.suite === "json");
    expect(texts.length).toBe(240);
    for (const { suite, t, ...want } of texts) {
      const got = outcome(() => {
        const value = loadJson(t);
        return { d: dumpJson(value), r: repr(value) };
      });
      expect(got, t).toEqual(want);
    }
  });

  test("in float() and repr of floats", () => {
    const texts = cases.filter((one) => one.suite === "float");
    expect(texts.length).toBe(140);
    for (const { suite, t, ...want } of texts)
      expect(
        outcome(() => ({ v: floatText(toFloat(t)) })),
        JSON.stringify(t),
      ).toEqual(want);
  });
});

test("1 and 1.0 stay apart, and of equal keys the last value counts at the first place", () => {
  expect(dumpJson(loadJson('{"b": 1, "a": 1.0, "b": 1e400}'))).toBe('{"b": Infinity, "a": 1.0}');
});

test("positions count code points, lines and columns", () => {
  expect(() => loadJson('{"🙂": 1,\n oops}')).toThrow(
    "Expecting property name enclosed in double quotes: line 2 column 2 (char 10)",
  );
});

test("small things of Python", () => {
  expect([0.5, 1.5, 2.5, -0.5, 2.4, 2.6].map(round).map((x) => x + 0)).toEqual([0, 2, 2, 0, 2, 3]);
  expect([max(0, Number.NaN), min(5, Number.NaN), max(0, 3), min(5, 3)]).toEqual([0, 5, 3, 3]);
  expect(strip("\u001c\u3000 x\u0085\n")).toBe("x");
  expect(strip("\ufeffx")).toBe("\ufeffx");
  expect(length("🙂é")).toBe(2);
  expect([null, 0n, 0, "", [], new Map(), Number.NaN, "0"].map(isTruthy)).toEqual([
    false,
    false,
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
  expect([null, true, 1n, 1, "", [], new Map()].map(typeName)).toEqual([
    "NoneType",
    "bool",
    "int",
    "float",
    "str",
    "list",
    "dict",
  ]);
  expect(str("it's")).toBe("it's");
  expect(repr("it's")).toBe('"it\'s"');
  expect(repr("\u0000\u00a0\u200b🙂")).toBe("'\\x00\\xa0\\u200b🙂'");
});
