import { describe, expect, test } from "vitest";
import type { Opening } from "../../src/policy/chat.ts";
import { openChat, type PromptName } from "../../src/policy/chats.ts";
import { deepEyesSystem, deepEyesUser, verlSystem, verlZoomSchema } from "../../src/policy/recipe_texts.ts";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import source from "../golden/tokenizer-needle.json" with { type: "json" };

const tokenizer = new Tokenizer(source);
const picture = (pads: number) => `<|vision_start|>${"<|image_pad|>".repeat(pads)}<|vision_end|>`;
const prompt = (name: PromptName, opening: Opening, imageTokens: number[], rotate = false) =>
  tokenizer.decode(openChat(name, tokenizer, { rotate }).prompt(opening, imageTokens));

const row: Opening = {
  question: "Left or right?",
  messages: [
    { role: "system", content: "Its own system message.\n<tools>\n{}\n</tools>" },
    { role: "user", content: `<image>\nLeft or right?${deepEyesUser}` },
  ],
};

describe("verl", () => {
  const toolsBlock = `\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>\n${verlZoomSchema}\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call><|im_end|>\n`;

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
    const chat = openChat("verl", tokenizer, { rotate: false });
    expect(tokenizer.decode(chat.observation("Zoomed in on the image to the region [1, 2, 3, 4].", [1]))).toBe(
      `<|im_start|>user\n<tool_response>\n${picture(1)}Zoomed in on the image to the region [1, 2, 3, 4].\n</tool_response><|im_end|>\n<|im_start|>assistant\n`,
    );
    expect(tokenizer.decode(chat.observation("Error: no", []))).toBe(
      "<|im_start|>user\n<tool_response>\nError: no\n</tool_response><|im_end|>\n<|im_start|>assistant\n",
    );
  });
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
    expect(prompt("deepeyes", row, [1], true)).toMatch(/\{\}\n\{"type": "function".*image_rotate_tool.*\}\n<\/tools>/);
    expect(prompt("deepeyes", row, [1])).not.toContain("image_rotate_tool");
  });

  test("asks for the format again beside a crop; an error is the user's", () => {
    const chat = openChat("deepeyes", tokenizer, { rotate: false });
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
