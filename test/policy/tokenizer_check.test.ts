import { describe, expect, test } from "vitest";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import bigId from "../golden/faults/hostile/tokenizer-bigid.json" with { type: "json" };
import slow from "../golden/faults/hostile/tokenizer-redos.json" with { type: "json" };
import needle from "../golden/tokenizer-needle.json" with { type: "json" };

type Json = Record<string, unknown>;
const last = needle.added_tokens.at(-1)!;
const withModel = (model: Json) => ({ ...needle, model: { ...needle.model, ...model } });
const withVocabulary = (vocab: Json) => withModel({ vocab: { ...needle.model.vocab, ...vocab } });
const withToken = (token: Json) => ({ ...needle, added_tokens: [...needle.added_tokens, { ...last, ...token }] });
const split = (pattern: unknown, more: Json = {}) => ({
  ...needle,
  pre_tokenizer: { type: "Split", pattern, behavior: "Isolated", invert: false, ...more },
});
const part = (name: string, value: unknown) => ({ ...needle, [name]: value });

describe("a tokenizer.json that is damaged or hostile is refused with one sentence", () => {
  test.each([
    [
      "an id of 2^31 - 1",
      bigId,
      'added_tokens: the id of "43" must be a whole number from 0 to 1048575, found 2147483647',
    ],
    ["a negative id", withToken({ id: -1, content: "x" }), 'the id of "x" must be a whole number from 0'],
    ["half an id", withToken({ id: 0.5, content: "x" }), 'the id of "x" must be a whole number from 0'],
    [
      "an id as text",
      withToken({ id: "9", content: "x" }),
      'the id of "x" must be a number from 0 to 1048575, found "9"',
    ],
    ["an id of NaN", withToken({ id: Number.NaN, content: "x" }), "found NaN"],
    ["a word's id too large", withVocabulary({ zz: 1e9 }), 'model.vocab: the id of "zz" must be a whole number from 0'],
    [
      "two words with one id",
      withVocabulary({ zz: 0 }),
      'model.vocab gives "zz" the id 0, which "\\u0000" has'.slice(0, 34),
    ],
    ["an added token with a word's id", withToken({ id: 5, content: "x" }), 'added_tokens gives "x" the id 5, which'],
    ["one token with two ids", withToken({ id: 5000 }), "elsewhere it has 479"],
    ["an added token without text", withToken({ content: "" }), 'content must be text, found ""'],
    ["an added token that is none", { ...needle, added_tokens: [7] }, "added_tokens: 7 is not a JSON object"],
    ["added tokens that are no list", { ...needle, added_tokens: {} }, "added_tokens must be a list"],
    [
      "an added token of a megabyte",
      withToken({ id: 999, content: "a".repeat(1e6) }),
      "a token of 1000000 characters, at most 2048",
    ],
    ["a single word", withToken({ id: 999, content: "x", single_word: true }), "single_word is true"],
    ["a merge of no token", withModel({ merges: ["a b"] }), 'model.merges has "a b", but "ab" is not a token'],
    [
      "a merge of three",
      withModel({ merges: ["a b c"] }),
      'must hold pairs of tokens, all written alike, found "a b c"',
    ],
    ["merges of two kinds", withModel({ merges: [["a", "b"], "a b"] }), "but "],
    ["a merge of numbers", withModel({ merges: [[1, 2]] }), "must hold pairs of tokens"],
    ["no merges", withModel({ merges: undefined }), "model.merges must be a list"],
    [
      "an unknown token that is none",
      withModel({ unk_token: "<unk>" }),
      'model.unk_token is "<unk>", which is not a token',
    ],
    ["merges by chance", withModel({ dropout: 0.1 }), "model.dropout is 0.1, only null is supported"],
    ["another model", withModel({ type: "Unigram" }), 'model.type is "Unigram", only "BPE" is supported'],
    ["a vocabulary as a list", withModel({ vocab: [["a", 1]] }), "model.vocab is not a JSON object"],
    [
      "text that grows",
      part("normalizer", { type: "Replace", pattern: { String: "a" }, content: "aa" }),
      'normalizer has type "Replace", only NFC',
    ],
    [
      "text that grows in steps",
      part("normalizer", { type: "Sequence", normalizers: Array(40).fill({ type: "NFKD" }) }),
      "normalizer: a Sequence must hold a list of at most 16",
    ],
    [
      "sequences of sequences",
      part("normalizer", {
        type: "Sequence",
        normalizers: [1, 2].map(() => ({ type: "Sequence", normalizers: Array(16).fill({ type: "NFC" }) })),
      }),
      "normalizer has more than 16 parts",
    ],
    [
      "bytes of bytes",
      part("pre_tokenizer", { type: "Sequence", pretokenizers: Array(9).fill({ type: "ByteLevel" }) }),
      "pre_tokenizer has ByteLevel more than once",
    ],
    [
      "pieces of no length",
      part("pre_tokenizer", { type: "FixedLength", length: 0 }),
      'pre_tokenizer has type "FixedLength"',
    ],
    [
      "a template that doubles",
      part("post_processor", {
        type: "TemplateProcessing",
        single: [{ Sequence: { id: "A" } }, { Sequence: { id: "A" } }],
      }),
      'must hold the Sequence "A" once',
    ],
    [
      "another decoder",
      part("decoder", { type: "Strip", content: " ", start: 2 ** 31, stop: 0 }),
      'decoder has type "Strip"',
    ],
    ["a part that is a number", part("normalizer", 7), "normalizer is not a JSON object"],
    ["a pattern of neither kind", split({}), "pattern must hold a Regex or a String, found {}"],
    [
      "a behaviour that the library lacks",
      split({ String: " " }, { behavior: "MergedWithNext" }),
      'behavior is "MergedWithNext", only',
    ],
    ["a pattern that is none", split({ Regex: "(" }), "a pattern of pre_tokenizer cannot be used: "],
    ["a pattern that refers back", split({ Regex: "(a)\\1" }), "it refers back to a group"],
    [
      "a pattern without end",
      split({ Regex: "(?:(?:a{1000}){1000}){1000}" }),
      "it is too long, its repetitions written out",
    ],
    [
      "a pattern of parentheses",
      split({ Regex: `${"(?:".repeat(9000)}a${")".repeat(9000)}` }),
      "a pattern of pre_tokenizer cannot be used: ",
    ],
  ] as [string, object, string][])("%s", (_, source, sentence) => {
    expect(() => new Tokenizer(source)).toThrow(sentence);
    expect(() => new Tokenizer(source)).toThrow("tokenizer.json: ");
  });

  test("a vocabulary larger than any", () => {
    const vocab = Object.fromEntries(Array.from({ length: 2 ** 20 + 1 }, (_, i) => [`t${i}`, i]));
    expect(() => new Tokenizer(withModel({ vocab }))).toThrow("at most 1048576 tokens, found 1048577");
  });
});

describe("a pattern that would take forever", () => {
  test("is used where it can be, and ends in a sentence where it cannot", () => {
    const tokenizer = new Tokenizer(slow);
    expect(tokenizer.texts(tokenizer.encode("abc"))).toEqual(["a", "b", "c"]);
    for (const text of ["b".repeat(5000), "z ".repeat(5000)]) {
      expect(() => tokenizer.encode(text)).toThrow(
        "tokenizer.json: a pattern of pre_tokenizer cannot be used: it takes too long on this text of",
      );
    }
    expect(tokenizer.texts(tokenizer.encode("goes"))).toEqual(["g", "o", "e", "s"]);
  });

  test.each(["(a+)+$", "(\\w+\\s?)*$", "(?=(.+)+x)a", "^(([a-z])+.)+[A-Z]([a-z])+$"])("so does %s", (Regex) => {
    const tokenizer = new Tokenizer(split({ Regex }));
    try {
      tokenizer.encode(`${"a".repeat(5000)}!`);
    } catch (error) {
      expect((error as Error).message).toContain("it takes too long on this text of 5001 characters");
    }
  });
});

describe("what a sound tokenizer may have is taken", () => {
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  test.each([
    [
      "Qwen's parts",
      {
        normalizer: { type: "NFC" },
        pre_tokenizer: {
          type: "Sequence",
          pretokenizers: [
            { type: "Split", pattern: { Regex: "\\s+|\\S+" }, behavior: "Isolated", invert: false },
            bytes,
          ],
        },
        post_processor: bytes,
      },
    ],
    [
      "a removed pattern, inverted",
      {
        pre_tokenizer: {
          type: "Sequence",
          pretokenizers: [{ type: "Split", pattern: { Regex: "[\\s\\S]" }, behavior: "Removed", invert: true }, bytes],
        },
      },
    ],
    [
      "special tokens around",
      {
        post_processor: {
          type: "TemplateProcessing",
          single: [{ SpecialToken: { id: "<|im_end|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
          pair: [],
          special_tokens: {},
        },
      },
    ],
    ["no parts named", { normalizer: undefined, post_processor: undefined, added_tokens: needle.added_tokens }],
  ] as [string, Json][])("%s", (_, changes) => {
    const tokenizer = new Tokenizer({ ...needle, ...changes });
    const text = "What  is\nétrange? <tool_call>";
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    expect(tokenizer.largestId).toBe(479);
  });
});
