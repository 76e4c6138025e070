import { describe, expect, test } from "vitest";
import { callsAsVerl } from "../../../src/agent/environments/calls_verl.ts";
import { originals } from "../../support/originals.ts";

describe("callsAsVerl()", () => {
  test("finds the calls that verl's own parser found", () => {
    const cases = originals("turn");
    expect(cases.filter((one) => one.verl[1].length > 0).length).toBeGreaterThan(10);
    for (const { text, verl } of cases) {
      const { content, calls } = callsAsVerl(text);
      expect([content, calls], text).toEqual(verl);
    }
  });

  test("writes arguments down again as Python does", () => {
    const text = '<tool_call>{"name": "f", "arguments": {"a":[1,1.0,NaN],"b":"\\u6c7d"}}</tool_call>';
    expect(callsAsVerl(text).calls).toEqual([{ name: "f", arguments: '{"a": [1, 1.0, NaN], "b": "汽"}' }]);
  });
});
