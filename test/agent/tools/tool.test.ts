import { describe, expect, test } from "vitest";
import { callSummary, chooseTools, offersTools } from "../../../src/agent/tools/table.ts";
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

const withSchema = (parameters: object) => ({
  schema: { description: "x", parameters: { type: "object", properties: { of: {} }, ...parameters } },
});

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
    [{ outcomes: { late: "late" } }, "outcomes.late must be { label, line }, two texts for people"],
    [{ schema: "count" }, "schema.description must be a text"],
    [withSchema({ properties: null }), 'schema.parameters must be { type: "object", properties'],
    [withSchema({ properties: [] }), 'schema.parameters must be { type: "object", properties'],
    [
      withSchema({ properties: { of: null } }),
      'schema.parameters.properties.of must be an object such as { type: "number" }, found null',
    ],
    [
      withSchema({ properties: { of: { type: ["string", "null"] } } }),
      "schema.parameters.properties.of.type must be one of string, number, integer, boolean, array, object, found Array",
    ],
    [
      withSchema({ properties: { of: { enum: "a" } } }),
      "properties.of.enum must be a list of texts or numbers, found a",
    ],
    [withSchema({ properties: { of: { maximum: "9" } } }), "properties.of.maximum must be a number, found 9"],
    [withSchema({ properties: { of: { items: [{}] } } }), "properties.of.items must be an object such as"],
    [withSchema({ required: "of" }), "schema.parameters.required must be a list of names, found of"],
    [withSchema({ properties: { of: { default: () => 1 } } }), "schema must be plain data, as JSON has it"],
    [
      withSchema({ properties: { of: { description: "<|image_pad|>" } } }),
      "what a prompt says of it: expected text, found <|image_pad|>",
    ],
    [{ letter: "ab" }, "letter must be one letter, found ab"],
    [{ maxTextTokens: 0 }, "maxTextTokens must be a whole number of at least 1, found 0"],
    [{ replay: {} }, "replay must be a function, found Object"],
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

  test("takes added tools by name alone", () => {
    expect(namesOf("image_zoom_in_tool", false, [counting])).toEqual(["image_zoom_in_tool"]);
    expect(namesOf("count_tool", false, [counting, counting])).toEqual(["count_tool"]);
  });

  test("refuses two tools of one name, whether they are offered or not", () => {
    const zoom = { ...counting, name: "image_zoom_in_tool" };
    expect(() => namesOf("count_tool", false, [counting, zoom])).toThrow(
      "image_zoom_in_tool is the name of a built-in tool: rename yours",
    );
    expect(() => namesOf("", false, [counting, { ...counting }])).toThrow("count_tool is the name of two tools");
  });

  test("takes a name that is said twice once, and names that are empty not at all", () => {
    expect(namesOf(",image_zoom_in_tool,, image_zoom_in_tool,", false)).toEqual(["image_zoom_in_tool"]);
  });

  test("says which tools there are", () => {
    expect(() => namesOf("image_mend_tool", false, [counting])).toThrow(
      /There is no tool "image_mend_tool"; there are image_zoom_in_tool, image_rotate_tool, .*count_tool\./,
    );
  });
});

test("a summary of somebody's log is text, whatever its details are", () => {
  const call = { segment: 1, name: "image_mark_tool", outcome: "ok", details: { pointSourcePx: { toString: 1 } } };
  expect(callSummary(call)).toBe("Mark");
  expect(callSummary({ ...call, name: "count_tool" }, [{ ...counting, summary: () => 3 as never }])).toBe("Count");
  expect(callSummary({ ...call, name: "count_tool" })).toBe("count_tool");
});

test("a row without a tool environment is offered tools where all rows are", () => {
  const row = { ...askedTask, tools: false };
  expect(offersTools(row, { zoom: true, toolRows: "named" })).toBe(false);
  expect(offersTools(row, { zoom: true, toolRows: "all" })).toBe(true);
  expect(offersTools(askedTask, { zoom: true, toolRows: "named" })).toBe(true);
  expect(offersTools(askedTask, { zoom: false, toolRows: "all" })).toBe(false);
});
