import { describe, expect, test } from "vitest";
import { responseText, wholeText } from "../../src/agent/response_text.ts";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import { Random } from "../../src/tasks/random.ts";
import source from "../golden/tokenizer-needle.json" with { type: "json" };

const tokenizer = new Tokenizer(source);
const response = (tokens: number[]) => {
  const segment = { source: "model" as const, logprobs: [], entropies: [], images: [] };
  return responseText(tokenizer, {
    segments: [
      { ...segment, tokens: [1, 2] },
      { ...segment, tokens },
    ],
  });
};
const check = (tokens: number[]) => {
  const text = response(tokens);
  expect(text.plain).toBe(tokenizer.decode(tokens, { withoutSpecial: true }));
  expect(wholeText(text)).toBe(tokenizer.decode(tokens));
  return text;
};

describe("responseText()", () => {
  test("is what the tokenizer decodes in both ways, and pictures take little space", () => {
    const text = check(
      tokenizer.encode(`a<|im_end|>${"<|image_pad|>".repeat(500)}<tool_call>é</tool_call><|im_end|><|im_end|>`),
    );
    expect(text.special).toEqual([
      [1, "<|im_end|>", 1],
      [1, "<|image_pad|>", 500],
      [text.plain.length, "<|im_end|>", 2],
    ]);
    expect(text.whole).toBeUndefined();
  });

  test("of characters that a special token cuts in two", () => {
    const bytes = tokenizer.encode("é");
    expect(bytes.length).toBeGreaterThan(1);
    const text = check([bytes[0]!, tokenizer.id("<|im_end|>"), ...bytes.slice(1)]);
    expect(text.whole).toBeDefined();
  });

  test("of tokens in any order, and of ids that have no token", () => {
    const random = new Random(7, [1]);
    for (let round = 0; round < 300; round++)
      check(Array.from({ length: random.below(40) }, () => random.below(tokenizer.size + 3)));
  });

  test("of nothing", () => expect(response([])).toEqual({ plain: "" }));
});
