import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import { type AddedToken, joinTokenizer } from "../../src/policy/tokenizer_parts.ts";

const golden = (file: string) => readFileSync(new URL(`../golden/text/${file}`, import.meta.url), "utf8");
const special = JSON.parse(golden("special_tokens.json")) as {
  pre_tokenizer: { split: string };
  added_tokens: AddedToken[];
  qwen3_added_tokens: AddedToken[];
};

describe("joinTokenizer()", () => {
  const added = (id: number, content: string, isSpecial: boolean): AddedToken => ({
    id,
    content,
    special: isSpecial,
    normalized: false,
    lstrip: false,
    rstrip: false,
    single_word: false,
  });
  const parts = {
    vocab: { a: 0, b: 1, c: 2, ab: 3, Ġ: 4, Ġab: 5, Ã: 6, "©": 7 },
    merges: "#version: 0.2\r\na b\r\nĠ ab\r\n",
    split: special.pre_tokenizer.split,
    addedTokens: [added(8, "<|end|>", true), added(9, "<call>", false)],
  };
  const tokenizer = new Tokenizer(joinTokenizer(parts));

  test("merges by rank, with line ends of Windows", () => expect(tokenizer.encode("ab abc")).toEqual([3, 5, 2]));
  test("writes bytes as letters, after NFC", () => expect(tokenizer.encode("e\u0301")).toEqual([6, 7]));
  test("cuts added tokens out first", () => expect(tokenizer.encode("a<|end|>b<call>")).toEqual([0, 8, 1, 9]));
  test("drops only tokens marked special", () => {
    expect(tokenizer.decode([0, 8, 9])).toBe("a<|end|><call>");
    expect(tokenizer.decode([0, 8, 9], { withoutSpecial: true })).toBe("a<call>");
  });
  test("refuses merges that are none", () =>
    expect(() => joinTokenizer({ ...parts, merges: "a b c" })).toThrow('must hold two tokens, found "a b c"'));
});

// The vocabulary is Qwen's, and too large to be kept with the tests.
const vocabulary = new URL("../../../shared/qwen-tokenizer/", import.meta.url);

describe.skipIf(!existsSync(vocabulary))("Qwen's tokenizers of parts", () => {
  const cases = golden("cases.jsonl")
    .trim()
    .split("\n")
    .map(
      (line) =>
        JSON.parse(line) as {
          tokenizer: string;
          text: string | null;
          ids: number[];
          decoded: string;
          decoded_without_special: string;
        },
    );
  test.each(["qwen2.5-vl", "qwen3-vl"])("%s: ids and texts are those of transformers", (name) => {
    const mine = cases.filter((one) => one.tokenizer === name);
    const tokenizer = new Tokenizer(
      joinTokenizer({
        vocab: JSON.parse(readFileSync(new URL("vocab.json", vocabulary), "utf8")),
        merges: readFileSync(new URL("merges.txt", vocabulary), "utf8"),
        split: special.pre_tokenizer.split,
        addedTokens:
          name === "qwen3-vl" ? [...special.added_tokens, ...special.qwen3_added_tokens] : special.added_tokens,
      }),
    );
    expect(mine.length).toBeGreaterThan(10);
    for (const { text, ids, decoded, decoded_without_special } of mine) {
      if (text !== null) expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
      expect(tokenizer.decode(ids, { withoutSpecial: true })).toBe(decoded_without_special);
    }
  });
});
