import { expect, test } from "vitest";
import { caseOf, problemWith, readers, runCase, type Seed, seedsOf } from "../../../src/app/fuzz/cases.ts";
import { mutate } from "../../../src/app/fuzz/mutations.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const seedOf = (text: string): Seed => ({ path: "seed", bytes: bytes(text), sibling: async () => null });

test("the same seed and index give the same file, others another one", () => {
  const from = bytes("a file that is read by somebody");
  expect(mutate(from, [from], 3, 5)).toEqual(mutate(from, [from], 3, 5));
  const many = Array.from({ length: 200 }, (_, i) => new TextDecoder().decode(mutate(from, [from], 3, i)));
  expect(new Set(many).size).toBeGreaterThan(150);
});

test("values of JSON are changed so that it stays JSON", () => {
  const from = bytes('{"a": [1, 2, {"b": "text"}], "c": null}');
  const parses = Array.from({ length: 400 }, (_, i) => {
    try {
      JSON.parse(new TextDecoder().decode(mutate(from, [from], 1, i)));
      return 1;
    } catch {
      return 0;
    }
  }).reduce((sum: number, one) => sum + one, 0);
  expect(parses).toBeGreaterThan(200);
  expect(parses).toBeLessThan(400);
});

test("real files come first as they are", () => {
  const seeds = [seedOf("one"), seedOf("two")];
  const reader = { name: "any", takes: () => true, calls: () => [] };
  expect(caseOf(reader, seeds, 9, 1).bytes).toEqual(bytes("two"));
  expect(caseOf(reader, seeds, 9, 2).bytes).not.toEqual(bytes("one"));
});

test("a reader may make its cases itself", () => {
  const reader = {
    name: "made",
    takes: () => true,
    make: (seed: number, index: number) => `${seed} ${index}`,
    calls: () => [],
  };
  expect(caseOf(reader, seedsOf(reader, [seedOf("x")]), 7, 3).bytes).toEqual(bytes("7 3"));
});

test("a sentence of our own is no problem; what a library or the engine throws is one", () => {
  expect(problemWith(new Error("a.png: expected a PNG, found 3 bytes"))).toBeNull();
  expect(problemWith(new TypeError("Cannot read properties of null"))).toMatch(/^TypeError \(/);
  expect(problemWith(new RangeError("Invalid array length"))).toMatch(/^RangeError \(/);
  expect(problemWith("text")).toMatch(/something else than an error/);
  expect(problemWith(new Error(" "))).toMatch(/without a word/);
  expect(problemWith(new Error("width is undefined, expected 3"))).toMatch(/no sentence/);
  try {
    JSON.parse("{");
  } catch (error) {
    expect(problemWith(error)).toMatch(/^SyntaxError/);
  }
});

test("a reader that breaks is found, and every call of it is tried", async () => {
  const tried: string[] = [];
  const reader = {
    name: "broken",
    takes: () => true,
    calls: () => [
      () => {
        tried.push("first");
        throw new Error("Expected a picture, found none");
      },
      async () => {
        tried.push("second");
        return (null as unknown as { length: number }).length;
      },
    ],
  };
  expect(await runCase(reader, seedOf("x"))).toMatch(/^TypeError/);
  expect(tried).toEqual(["first", "second"]);
});

test("every reader has something to begin from, by itself or among the project's files", () => {
  const files = [
    "a.png",
    "a.parquet",
    "a.onnx",
    "model.safetensors",
    "x/config.json",
    "x/quantized/awq/config.json",
    "adapter_config.json",
    "tokenizer.json",
  ];
  const paths = [...files, "chat.jinja", "events.jsonl"].map((path) => ({ ...seedOf("x"), path }));
  for (const reader of readers) expect(seedsOf(reader, paths).length, reader.name).toBeGreaterThan(0);
});
