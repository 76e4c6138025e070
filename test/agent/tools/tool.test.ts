import { describe, expect, test } from "vitest";
import { chooseTools, offersTools } from "../../../src/agent/tools/table.ts";
import { defineTool, type Tool } from "../../../src/agent/tools/tool.ts";
import { askedTask } from "../../support/model_turns.ts";

const counting: Tool = {
  name: "count_tool",
  label: "Count",
  help: "counts",
  schema: {
    description: "Counts.",
    parameters: { type: "object", properties: { of: { type: "string" } }, required: ["of"] },
  },
  call: () => ({ text: "3" }),
};

describe("defineTool", () => {
  test("gives a whole tool back", () => {
    expect(defineTool(counting)).toBe(counting);
  });

  test.each([
    [
      { name: "count tool" },
      'The tool count tool: name must be 1 to 64 letters, digits, "_" or "-", found "count tool"',
    ],
    [{ name: undefined }, "The tool without a name: name must be"],
    [{ label: "" }, 'The tool count_tool: label must be a text for people, found ""'],
    [{ help: undefined }, "The tool count_tool: help must be a text for people"],
    [{ call: undefined }, "The tool count_tool: call must be a function"],
    [{ schema: undefined }, "The tool count_tool: schema.description must be a text"],
    [{ schema: { description: "x", parameters: {} } }, "The tool count_tool: schema.parameters must be { type:"],
    [
      { schema: { description: "x", parameters: { type: "object", properties: {}, required: ["of"] } } },
      "The tool count_tool: schema.parameters.required names of, which is not among the properties",
    ],
    [
      { outcomes: { not_json: { label: "a", line: "b" } } },
      'an outcome is a word of its own in small letters, such as bad_box; found "not_json"',
    ],
    [{ outcomes: { "Not there": { label: "a", line: "b" } } }, 'found "Not there"'],
  ])("%j is refused in one sentence", (changes, sentence) => {
    expect(() => defineTool({ ...counting, ...(changes as object) } as Tool)).toThrow(sentence);
  });
});

describe("chooseTools", () => {
  const namesOf = (tools: string, rotate: boolean, added?: Tool[]) =>
    chooseTools({ tools, rotate }, added).map(({ name }) => name);

  test("takes names in their order, and the rotation where an older run asked for it", () => {
    expect(namesOf("image_zoom_in_tool", false)).toEqual(["image_zoom_in_tool"]);
    expect(namesOf("image_zoom_in_tool", true)).toEqual(["image_zoom_in_tool", "image_rotate_tool"]);
    expect(namesOf(" image_rotate_tool , image_zoom_in_tool,", true)).toEqual([
      "image_rotate_tool",
      "image_zoom_in_tool",
    ]);
    expect(namesOf("", false)).toEqual([]);
  });

  test("takes added tools by name alone, and the last of two with one name", () => {
    expect(namesOf("image_zoom_in_tool", false, [counting])).toEqual(["image_zoom_in_tool"]);
    expect(namesOf("count_tool", false, [counting])).toEqual(["count_tool"]);
    const other = { ...counting, name: "image_zoom_in_tool" };
    expect(chooseTools({ tools: "image_zoom_in_tool", rotate: false }, [other])).toEqual([other]);
  });

  test("says which tools there are", () => {
    expect(() => namesOf("image_mend_tool", false, [counting])).toThrow(
      /There is no tool "image_mend_tool"; there are image_zoom_in_tool, image_rotate_tool, .*count_tool\./,
    );
  });
});

test("a row without a tool environment is offered tools where all rows are", () => {
  const row = { ...askedTask, tools: false };
  expect(offersTools(row, { zoom: true, toolRows: "named" })).toBe(false);
  expect(offersTools(row, { zoom: true, toolRows: "all" })).toBe(true);
  expect(offersTools(askedTask, { zoom: true, toolRows: "named" })).toBe(true);
  expect(offersTools(askedTask, { zoom: false, toolRows: "all" })).toBe(false);
});
