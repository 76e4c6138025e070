import { describe, expect, test } from "vitest";
import type { AnsweredCall } from "../../../src/agent/environments/environment.ts";
import { defineTool, type Tool, type ToolResult } from "../../../src/agent/tools/tool.ts";
import { callText, type environmentSettings, gradient, stepWith } from "../../support/model_turns.ts";

const toolWith = (changes: Partial<Tool>): Tool =>
  defineTool({
    name: "own_tool",
    label: "Own",
    help: "a tool of one's own",
    schema: { description: "Does it.", parameters: { type: "object", properties: { at: { type: "number" } } } },
    outcomes: { too_late: { label: "late", line: "calls that came too late" } },
    call: () => ({ text: "done" }),
    ...changes,
  });
const step = (changes: Partial<Tool>, given: unknown = {}, environment: Partial<typeof environmentSettings> = {}) =>
  stepWith(callText("own_tool", given), { tools: [toolWith(changes)], ...environment });
const picture = gradient(2, 3);

describe("what a tool may give", () => {
  test("a text, a picture that replay makes from the record, a picture of its own, or both, now or later", async () => {
    expect(await step({})).toMatchObject({ text: "done", picture: null, call: { name: "own_tool", outcome: "ok" } });
    const replayed = await step({
      call: async () => ({ record: { details: { side: 2 } } }),
      replay: ({ details }) => gradient(details?.side as number, 3),
    });
    expect(replayed).toMatchObject({ text: "", picture, call: { details: { side: 2 } } });
    const own = await step({ call: async () => ({ picture, text: "seen" }) });
    expect(own).toMatchObject({ text: "seen", picture, call: { pictureKept: false } });
  });

  test("a picture travels without what else stands in its object", async () => {
    const { picture } = (await step({
      call: () => ({ picture: { ...gradient(2, 3), close: () => {} } }),
    })) as AnsweredCall;
    expect(picture).toEqual(gradient(2, 3));
  });

  test.each(["call", "replay"])("a picture that %s writes over the one before leaves that as it was", async (way) => {
    const canvas = gradient(2, 3);
    let level = 0;
    const paint = () => {
      canvas.data.fill(++level);
      return canvas;
    };
    const tool =
      way === "call" ? { call: () => ({ picture: paint() }) } : { call: () => ({ record: {} }), replay: paint };
    const [first, second] = [(await step(tool)) as AnsweredCall, (await step(tool)) as AnsweredCall];
    expect([first.picture?.data[0], second.picture?.data[0]]).toEqual([1, 2]);
    expect(first.picture).not.toBe(second.picture);
  });

  test("a failure of the model's, of one of its outcomes", async () => {
    const late = { call: () => ({ outcome: "too_late", text: "Error: too late", record: { imageIndex: 0 } }) };
    expect(await step(late)).toMatchObject({
      end: null,
      text: "Error: too late",
      call: { name: "own_tool", outcome: "too_late", message: "Error: too late", imageIndex: 0 },
    });
    expect(await step(late, {}, { toolErrors: "end" })).toMatchObject({ end: "malformed" });
  });

  test.each(["saccade", "verl", "deepeyes"] as const)("in %s it gets arguments that fit its schema", async (tool) => {
    const echo: Partial<Tool> = { call: (given) => ({ text: JSON.stringify(given) }) };
    expect(await step(echo, { at: 2.5, label: "x" }, { tool })).toMatchObject({ text: '{"at":2.5,"label":"x"}' });
    const refused = { text: "Error: at must be a number", call: { outcome: "bad_arguments" } };
    expect(await step(echo, { at: "a" }, { tool })).toMatchObject(refused);
  });
});

describe("a tool that fails is named in one sentence", () => {
  test.each<[string, () => unknown, string]>([
    [
      "throws",
      () => {
        throw new Error("no map of the place");
      },
      "no map of the place",
    ],
    ["throws later", () => Promise.reject(new Error("server away")), "server away"],
    ["gives nothing", () => undefined, "it gave undefined instead of a result"],
    ["gives neither text nor picture", () => ({}), "it gave neither a text nor a picture"],
    ["gives a number for a text", () => ({ text: 3 }), "its text must be text, found 3"],
    [
      "invents an outcome",
      () => ({ outcome: "odd", text: "x" }),
      "its outcome must be ok, not_json, unknown_tool, bad_arguments, image_index, too_late, found odd",
    ],
    [
      "fails without a word",
      () => ({ outcome: "too_late" }),
      "a call with the outcome too_late needs a text for the model",
    ],
    [
      "gives half a picture",
      () => ({ picture: { width: 2, height: 2, data: new Uint8Array(3) } }),
      "its picture must have width × height × 3 bytes of RGB, found 2 × 2 and 3 bytes",
    ],
    [
      "records what JSON lacks",
      () => ({ text: "x", record: { details: { when: new Date() } } }),
      "record.details.when must be plain data, as JSON has it, found Date",
    ],
    ["gives a list", () => [], "it gave neither a text nor a picture"],
    ["gives a caption of no picture", () => ({ caption: "x" }), "it gave neither a text nor a picture"],
    [
      "gives an empty picture",
      () => ({ picture: { width: 0, height: 0, data: new Uint8Array() } }),
      "its picture must have width × height × 3 bytes of RGB, found 0 × 0 and 0 bytes",
    ],
    [
      "gives a line for a picture",
      () => ({ picture: gradient(401, 2) }),
      "its picture's longer side may be at most 200 times its shorter one, found 401 × 2",
    ],
    [
      "gives a picture without bytes",
      () => ({ picture: { width: 2, height: 2 } }),
      "its picture must have width × height × 3 bytes of RGB, found 2 × 2 and no bytes",
    ],
    ["records a list", () => ({ text: "x", record: [] }), "its record must be an object, found Array"],
    ["records nothing", () => ({ text: "x", record: null }), "its record must be an object, found null"],
    [
      "records what no log has",
      () => ({ text: "x", record: { name: "other" } }),
      "record.name is no field of a log; put what is the tool's own into record.details",
    ],
    [
      "records half a box",
      () => ({ text: "x", record: { boxSourcePx: [1, 2] } }),
      "record.boxSourcePx must be four numbers",
    ],
    [
      "records no number",
      () => ({ text: "x", record: { rotateDegrees: Number.NaN } }),
      "record.rotateDegrees must be a number",
    ],
    ["records a list of details", () => ({ text: "x", record: { details: [1] } }), "record.details must be an object"],
    [
      "records for a failure what JSON lacks",
      () => ({ outcome: "too_late", text: "x", record: { details: { at: Number.NaN } } }),
      "record.details.at must be plain data, as JSON has it, found NaN",
    ],
    [
      "records what holds itself",
      () => {
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        return { text: "x", record: { details: { circle } } };
      },
      "record.details.circle must be plain data, as JSON has it, found Object",
    ],
  ])("%s", async (_, call, sentence) => {
    await expect(step({ call: call as () => ToolResult })).rejects.toThrow(`The tool own_tool failed: ${sentence}`);
  });

  test("and where it cannot begin or replay", async () => {
    const fail = () => {
      throw new Error("no file");
    };
    await expect(step({ open: fail })).rejects.toThrow("The tool own_tool failed: no file");
    await expect(step({ call: () => ({}), replay: fail })).rejects.toThrow("The tool own_tool failed: no file");
  });
});

test("the wait for a tool ends where the run is stopped", async () => {
  const stop = new AbortController();
  const never = step({ call: () => new Promise(() => {}) }, {}, { signal: stop.signal });
  const reason = new Error("enough");
  stop.abort(reason);
  await expect(never).rejects.toBe(reason);
});

test("the wait for a tool that never begins ends there too", async () => {
  const stop = new AbortController();
  const never = step({ open: () => new Promise(() => {}) }, {}, { signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(never).rejects.toThrow("enough");
});

test.each([["null"], ["true"], ["3"], ['"at"'], ["[1]"], ['{"at":null}'], ["{}"]])(
  "arguments %s are answered in every environment",
  async (given) => {
    for (const tool of ["saccade", "verl", "deepeyes"] as const) {
      const fits = given.startsWith("{");
      expect(await step({}, JSON.parse(given), { tool })).toMatchObject({
        text: fits ? "done" : "Error: arguments must be an object with at",
        call: { outcome: fits ? "ok" : "bad_arguments" },
      });
    }
  },
);
