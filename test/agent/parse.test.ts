import { describe, expect, test } from "vitest";
import { parseTurn } from "../../src/agent/parse.ts";

const json = '{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [10, 20, 30, 40]}}';

describe("parseTurn", () => {
  test("reads an answer", () => {
    expect(parseTurn("<answer>9</answer><|im_end|>")).toEqual({ kind: "answer", answer: "9" });
    expect(parseTurn("<answer> two\nlines </answer><|im_end|>")).toEqual({ kind: "answer", answer: " two\nlines " });
  });

  test("reads a call and leaves its text alone", () => {
    expect(parseTurn(`<tool_call>\n${json}\n</tool_call><|im_end|>`)).toEqual({ kind: "call", json });
    expect(parseTurn("<tool_call>\n{oops}\n</tool_call><|im_end|>")).toEqual({ kind: "call", json: "{oops}" });
  });

  test.each([
    ["", "not closed by <|im_end|>"],
    ["<answer>9</answer>", "not closed by <|im_end|>"],
    ["<answer>9</answer><|im_end|>\n", "not closed by <|im_end|>"],
    ["9<|im_end|>", "begins neither"],
    [" <answer>9</answer><|im_end|>", "begins neither"],
    ["<think>t</think><answer>9</answer><|im_end|>", "begins neither"],
    ["<answer></answer><|im_end|>", "the answer is empty"],
    ["<answer>9<|im_end|>", "not closed by </answer>"],
    ["<answer>9</answer>!<|im_end|>", "not closed by </answer>"],
    ["<answer>8</answer><answer>9</answer><|im_end|>", "second tag inside the answer"],
    [`<tool_call>${json}</tool_call><|im_end|>`, "not one JSON object on lines of its own"],
    [`<tool_call>\n${json}\n<|im_end|>`, "not one JSON object on lines of its own"],
    [`<tool_call>\n${json}\n</tool_call>\n<|im_end|>`, "not one JSON object on lines of its own"],
    [
      `<tool_call>\n${json}\n</tool_call><tool_call>\n${json}\n</tool_call><|im_end|>`,
      "second tag inside the tool call",
    ],
    [`<tool_call>\n${json}\n</tool_call><answer>9</answer><|im_end|>`, "not one JSON object on lines of its own"],
  ])("%j is malformed: %s", (text, why) => {
    expect(parseTurn(text)).toEqual({ kind: "malformed", why: expect.stringContaining(why), answer: null });
  });
});
