import { expect, test } from "vitest";
import { argumentsFault } from "../../../src/agent/tools/arguments.ts";
import type { ArgumentSchema } from "../../../src/policy/offered_tool.ts";

const faultOf = (given: unknown, properties: Record<string, ArgumentSchema>, required: string[] = []) =>
  argumentsFault(given, { description: "", parameters: { type: "object", properties, required } });

test.each<[ArgumentSchema, unknown[], unknown[], string]>([
  [{ type: "number" }, [1, -0.5], ["1", Number.POSITIVE_INFINITY, true], "a number"],
  [{ type: "integer", minimum: 0, maximum: 9 }, [0, 9], [0.5, -1, 10], "a whole number from 0 to 9"],
  [{ type: "string" }, ["", "a"], [1, ["a"]], "text"],
  [{ type: "boolean" }, [true, false], [0, "true"], "true or false"],
  [{ type: "object" }, [{}], [[], "a"], "an object"],
  [{ enum: ["left", "right"] }, ["left"], ["up", 1], "one of left, right"],
  [
    { type: "array", items: { type: "number" }, minItems: 2, maxItems: 2 },
    [[1, 2]],
    [[1], [1, "2"], 1],
    "a list of 2 numbers",
  ],
  [{ type: "array" }, [[], ["a", 1]], ["a"], "a list of items"],
  [{ type: "array", items: { type: "number", minimum: 0 } }, [[0]], [[-1]], "a list of numbers, each a number from 0"],
])("%j", (schema, good, bad, expected) => {
  for (const value of good) expect(faultOf({ a: value }, { a: schema })).toBeNull();
  for (const value of bad) expect(faultOf({ a: value }, { a: schema })).toBe(`a must be ${expected}`);
});

test("what is required must be there; what is not may be null, and what is unknown may stand there", () => {
  expect(faultOf({}, { a: { type: "number" } }, ["a"])).toBe("a is missing");
  expect(faultOf({ a: null }, { a: { type: "number" } }, ["a"])).toBe("a must be a number");
  expect(faultOf({ a: null, b: 1 }, { a: { type: "number" } })).toBeNull();
  expect(faultOf({}, Object.fromEntries([["toString", {}]]), ["toString"])).toBe("toString is missing");
});

test.each([null, [1], "a", undefined])("%j is no object of arguments", (given) => {
  expect(faultOf(given, { a: { type: "number" }, b: {} })).toBe("arguments must be an object with a, b");
  expect(faultOf(given, {})).toBe("arguments must be an object");
});
