import { describe, expect, test } from "vitest";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import conversations from "../golden/chat/conversations.json" with { type: "json" };
// [text, ids] pairs by the reference encoder of the small variant, whose ids were checked against `tokenizers`.
import cases from "../golden/tokenizer/needle.json" with { type: "json" };
import source from "../golden/tokenizer-needle.json" with { type: "json" };

const tokenizer = new Tokenizer(source);

describe("Tokenizer", () => {
  test("gives the reference ids for text that mixes added tokens, parts of them, bytes and emoji", () => {
    expect(cases.length).toBeGreaterThan(300);
    for (const [text, ids] of cases as [string, number[]][])
      expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
  });

  test("decodes what it encoded", () => {
    for (const [text, ids] of cases as [string, number[]][]) expect(tokenizer.decode(ids)).toBe(text);
  });

  test("gives the reference ids for whole conversations", () => {
    for (const { text, ids } of conversations) {
      const repeated = text.replaceAll("<|image_pad|>", "<|image_pad|>".repeat(16));
      expect(tokenizer.encode(repeated)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(repeated);
    }
  });

  test("takes the longest added token at the leftmost place", () => {
    expect(tokenizer.texts(tokenizer.encode("10000 reds"))).toEqual(["1000", "0", " red", "s"]);
  });

  test("shows bytes that are no text alone as U+FFFD, and whole once together", () => {
    const ids = tokenizer.encode("é");
    expect(tokenizer.texts(ids)).toEqual(["\uFFFD", "\uFFFD"]);
    expect(tokenizer.decode(ids)).toBe("é");
    expect(tokenizer.texts(ids)).toEqual(["\uFFFD", "\uFFFD"]);
  });

  test("decodes ids without a token, and nothing, without throwing", () => {
    expect(tokenizer.decode([55, 9999, 478, -1])).toBe("7\uFFFD<answer>\uFFFD");
    expect(tokenizer.decode([])).toBe("");
    expect(tokenizer.texts([466, 480])).toEqual(["<|im_end|>", "\uFFFD"]);
  });

  test("knows its size and its tokens", () => {
    expect(tokenizer.size).toBe(480);
    expect(tokenizer.id("<|im_end|>")).toBe(466);
    expect(() => tokenizer.id("<|nothing|>")).toThrow('The tokenizer has no token "<|nothing|>"');
  });

  test("refuses a file of another kind", () => {
    expect(() => new Tokenizer({ architectures: [] })).toThrow(
      /tokenizer\.json with model\.vocab, found the keys architectures/,
    );
  });
});
