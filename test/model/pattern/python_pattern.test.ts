import { describe, expect, test } from "vitest";
import { PatternError } from "../../../src/model/pattern/pattern.ts";
import { PythonPattern } from "../../../src/model/pattern/python_pattern.ts";
// What Python's re says; made by the make.py beside it.
import cases from "../../golden/faults/adapter-python-regex/cases.json" with { type: "json" };

const steps = 1e6;
const fullmatch = (pattern: string, text: string): boolean | null => {
  try {
    return new PythonPattern(pattern).fullmatch(text, { left: steps });
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return null;
  }
};

describe("patterns match what Python's re matches", () => {
  test.each(cases.by_hand as [string, number[] | null][])("%s", (pattern, wanted) => {
    const answers = cases.names.map((name) => fullmatch(pattern, name));
    if (wanted === null || pattern.includes("\\1")) expect(answers.every((answer) => answer === null)).toBe(true);
    else expect(answers.flatMap((answer, i) => (answer ? [i] : []))).toEqual(wanted);
  });

  test("three thousand generated ones", () => {
    const differing = (cases.generated as [string, string, boolean | null][]).filter(
      ([pattern, text, wanted]) => fullmatch(pattern, text) !== wanted,
    );
    expect(cases.generated.length).toBe(3000);
    expect(differing).toEqual([]);
  });

  test("named groups of a match from the beginning", () => {
    const numbered = new PythonPattern(".*?\\.[^.]*\\.(?P<idx>\\d+)\\.");
    expect(numbered.match("model.layers.12.mlp.experts.3.up", { left: steps })).toEqual({ idx: "12" });
    expect(numbered.match("lm_head", { left: steps })).toBe(null);
    expect(new PythonPattern("(?P<a>x)?y").match("y", { left: steps })).toEqual({ a: null });
  });
});

describe("a pattern that would take an engine forever", () => {
  const name = "model.language_model.layers.10.self_attn.q_proj";
  test.each([
    "(.|.)*(.|.)*x",
    "(.+)+x",
    "((a|.)+)+x",
    "(.*)*(.*)*(.*)*x",
    "(?:(?:(?:.*)*)*)*x",
    "(?:.{0,100}){0,100}x",
    "(.?){100}x",
    ".*.*.*.*.*.*.*.*.*.*.*.*x",
    "(?=(.+)+x).*",
    "(?!(.+)+x)(.|.)*x",
    "(?:\\w+\\s?)+x",
    "(?>(.+)+x)|y",
  ])("%s is answered or refused at once", (pattern) => {
    expect(fullmatch(pattern, name)).not.toBe(true);
  });

  test.each([
    ["((((a{1000}){1000}){1000}){1000}){1000}", "it is too long"],
    ["(?:){1000000000}(?:(?:){1000000}){1000000}x{30000}", "it is too long"],
    ["(".repeat(5000) + ")".repeat(5000), "nested more than 100 deep"],
    ["a".repeat(30_000), "longer than 20000 characters"],
    ["(a)".repeat(1500), "more than 1000 groups"],
  ])("%s", (pattern, sentence) => {
    expect(() => new PythonPattern(pattern)).toThrow(sentence);
  });

  test("and one that needs more steps than there are says so", () => {
    const pattern = new PythonPattern("(?:(?=(?:.{0,50}){0,50}x)|.)*");
    expect(() => pattern.fullmatch(name, { left: 20_000 })).toThrow("it takes too long on this text");
  });
});
