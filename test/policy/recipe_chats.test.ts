import { describe, expect, test } from "vitest";
import { rotation } from "../../src/agent/tools/rotate.ts";
import { zoom } from "../../src/agent/tools/zoom.ts";
import type { Opening } from "../../src/policy/chat.ts";
import { openChat } from "../../src/policy/chats.ts";
import type { OfferedTool, PromptName } from "../../src/policy/offered_tool.ts";
import { deepEyesSystem, deepEyesUser, verlSystem } from "../../src/policy/recipe_texts.ts";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import source from "../golden/tokenizer-needle.json" with { type: "json" };

const tokenizer = new Tokenizer(source);
const picture = (pads: number) => `<|vision_start|>${"<|image_pad|>".repeat(pads)}<|vision_end|>`;
const prompt = (name: PromptName, opening: Opening, imageTokens: number[], tools: OfferedTool[] = [zoom]) =>
  tokenizer.decode(openChat(name, tokenizer, tools).prompt(opening, imageTokens));

/** As verl's recipe renders it. */
const zoomLine =
  '{"type": "function", "function": {"name": "image_zoom_in_tool", "description": "Zoom in on a specific region of an image by cropping it based on a bounding box (bbox) and an optional object label.", "parameters": {"type": "object", "properties": {"bbox_2d": {"type": "array", "description": "The bounding box of the region to zoom in, as [x1, y1, x2, y2], where (x1, y1) is the top-left corner and (x2, y2) is the bottom-right corner."}, "label": {"type": "string", "description": "The name or label of the object in the specified bounding box (optional)."}}, "required": ["bbox_2d"]}}}';
const rotationLine =
  '{"type": "function", "function": {"name": "image_rotate_tool", "description": "Rotate an image about its centre; what leaves the frame is lost, what is uncovered is black.", "parameters": {"type": "object", "properties": {"angle": {"type": "number", "description": "Degrees, anticlockwise."}}, "required": ["angle"]}}}';

const row: Opening = {
  question: "Left or right?",
  messages: [
    { role: "system", content: "Its own system message.\n<tools>\n{}\n</tools>" },
    { role: "user", content: `<image>\nLeft or right?${deepEyesUser}` },
  ],
};

describe("verl", () => {
  const toolsBlock = `\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>\n${zoomLine}\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call><|im_end|>\n`;

  test("replaces the row's system message, adds the tools block, keeps the user's words", () => {
    expect(prompt("verl", row, [2])).toBe(
      `<|im_start|>system\n${verlSystem}${toolsBlock}<|im_start|>user\n${picture(2)}\nLeft or right?${deepEyesUser}<|im_end|>\n<|im_start|>assistant\n`,
    );
  });

  test("its template drops the system message where no tool is offered", () => {
    expect(prompt("verl", { ...row, tools: false }, [1])).toBe(
      `<|im_start|>user\n${picture(1)}\nLeft or right?${deepEyesUser}<|im_end|>\n<|im_start|>assistant\n`,
    );
  });

  test("a question without messages stands under its pictures", () => {
    expect(prompt("verl", { question: "Which?" }, [1, 1])).toContain(
      `<|im_start|>user\n${picture(1)}${picture(1)}\nWhich?${deepEyesUser}<|im_end|>`,
    );
  });

  test("answers in a tool response of its own lines, without a newline before it", () => {
    const chat = openChat("verl", tokenizer, [zoom]);
    expect(tokenizer.decode(chat.observation("Zoomed in on the image to the region [1, 2, 3, 4].", [1]))).toBe(
      `<|im_start|>user\n<tool_response>\n${picture(1)}Zoomed in on the image to the region [1, 2, 3, 4].\n</tool_response><|im_end|>\n<|im_start|>assistant\n`,
    );
    expect(tokenizer.decode(chat.observation("Error: no", []))).toBe(
      "<|im_start|>user\n<tool_response>\nError: no\n</tool_response><|im_end|>\n<|im_start|>assistant\n",
    );
  });
});

test("verl and deepeyes tell of a second tool on a line of its own", () => {
  for (const name of ["verl", "deepeyes"] as const)
    expect(prompt(name, { question: "Which?" }, [1], [zoom, rotation])).toContain(`}\n${rotationLine}\n</tools>`);
});

test("without the recipes' own tool nothing speaks of it", () => {
  for (const name of ["compact", "verl", "deepeyes"] as const) {
    const text = prompt(name, { question: "Which?" }, [1], [{ ...rotation, promptLines: {} }]);
    expect(text).not.toContain("image_zoom_in_tool");
    expect(text).toContain(`<tools>\n${rotationLine}\n</tools>`);
    if (name !== "compact") expect(text).toContain("call **image_rotate_tool** if needed");
  }
});

describe("deepeyes", () => {
  test("takes a row's messages as they stand", () => {
    expect(prompt("deepeyes", row, [3])).toBe(
      `<|im_start|>system\nIts own system message.\n<tools>\n{}\n</tools><|im_end|>\n<|im_start|>user\n${picture(3)}\nLeft or right?${deepEyesUser}<|im_end|>\n<|im_start|>assistant\n`,
    );
  });

  test("gives a question the system prompt with the tool, or the plain one without", () => {
    expect(prompt("deepeyes", { question: "Which?" }, [1])).toBe(
      `<|im_start|>system\n${deepEyesSystem}<|im_end|>\n<|im_start|>user\n${picture(1)}\nWhich?${deepEyesUser}<|im_end|>\n<|im_start|>assistant\n`,
    );
    expect(prompt("deepeyes", { question: "Which?", tools: false }, [])).toBe(
      "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nWhich?<|im_end|>\n<|im_start|>assistant\n",
    );
  });

  test("offers the rotation in the tools block of the system prompt, and nowhere else", () => {
    expect(prompt("deepeyes", row, [1], [zoom, rotation])).toMatch(
      /\{\}\n\{"type": "function".*image_rotate_tool.*\}\n<\/tools>/,
    );
    expect(prompt("deepeyes", row, [1])).not.toContain("image_rotate_tool");
  });

  test("asks for the format again beside a crop; an error is the user's", () => {
    const chat = openChat("deepeyes", tokenizer, [zoom]);
    expect(tokenizer.decode(chat.observation("", [1]))).toBe(
      `\n<|im_start|>user\n<tool_response>${picture(1)}${deepEyesUser}</tool_response><|im_end|>\n<|im_start|>assistant\n`,
    );
    expect(tokenizer.decode(chat.observation("Error: no", []))).toBe(
      "\n<|im_start|>user\nError: no<|im_end|>\n<|im_start|>assistant\n",
    );
  });
});

test.each(["verl", "deepeyes"] as const)("%s: more or fewer places than pictures is an error", (name) => {
  expect(() => prompt(name, row, [1, 1])).toThrow("The prompt shows 1 pictures, the task has 2");
  expect(() => prompt(name, row, [])).toThrow("The prompt shows 1 pictures, the task has 0");
});

test.each(["verl", "deepeyes", "compact"] as const)(
  "a picture's token in an answer, as a model may have spelled it, stands for no picture",
  (name) => {
    const chat = openChat(name, tokenizer, []);
    const pad = tokenizer.id("<|image_pad|>");
    const count = (tokens: readonly number[]) => tokens.filter((token) => token === pad).length;
    expect(count(chat.observation("there is no tool '<|image_pad|>'", []))).toBe(0);
    expect(count(chat.observation("label <|image_pad|>", [3], "caption <|image_pad|>"))).toBe(3);
  },
);
