import { describe, expect, test } from "vitest";
import { SplitPattern, stepsFor } from "../../src/policy/split_pattern.ts";
import { qwenSplit } from "../../src/policy/tokenizer_parts.ts";
import { Random } from "../../src/tasks/random.ts";

const atoms = ["a", "b", "[ab]", "[^a]", ".", "\\s", "\\p{L}", "\\P{L}", "(?:", "(", "(?=", "(?!", "(?<=", "(?<!"];
const rest = ["^", "$", "\\b", "\\B", " ", "\\n", "\\u{1F600}", "\\ud83d\\ude00", "\\x61", "|", "|", "(?<n>"];
const quantifiers = ["", "", "", "*", "+", "?", "*?", "+?", "??", "{1,2}", "{2}", "{0,1}", "{2,}"];
// Without pairs of surrogates, between whose halves V8 finds empty matches.
const letters = ["a", "b", "c", " ", "\n", "é", "数", "a", "b"];

/** In some context, as far as the text around can be left out. */
function canBeEmpty(source: string): boolean {
  try {
    return new RegExp(
      `^(?:${source.replaceAll(/\(\?<?[=!]/g, "(?:|").replaceAll(/\\[bB]|(?<!\[)\^|\$/g, "")})$`,
      "u",
    ).test("");
  } catch {
    return true;
  }
}

describe("it finds what the runtime's own engine finds", () => {
  test("in patterns and texts of a generator", () => {
    const random = new Random(11, [0x73706c69]);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random.uniform() * list.length)]!;
    const generate = (depth: number, looks = false): string => {
      let text = "";
      for (let n = 1 + Math.floor(random.uniform() * 4); n > 0; n--) {
        const atom = pick([...atoms, ...rest]);
        if (atom === "|") text += atom;
        else if (/^[\^$]$|^\\[bB]$/.test(atom)) text += atom;
        else if (!atom.startsWith("(")) text += atom + pick(quantifiers);
        else if (depth > 2) text += "a";
        else {
          const isLook = /^\(\?<?[=!]/.test(atom);
          const inner = generate(depth + 1, looks || isLook);
          // What may be empty is not repeated: whether an empty round counts is the one thing that differs.
          const isRepeated = !isLook && !canBeEmpty(inner);
          // The runtime looks behind from right to left, and its groups hold other parts then.
          const begin = looks && /^\((\?<n>)?$/.test(atom) ? "(?:" : atom;
          text += `${begin}${inner})${isRepeated ? pick(quantifiers) : ""}`;
        }
      }
      return text;
    };
    let compared = 0;
    for (let i = 0; i < 3000; i++) {
      const source = generate(0);
      const text = Array.from({ length: Math.floor(random.uniform() * 9) }, () => pick(letters)).join("");
      let native: RegExp;
      try {
        native = new RegExp(source, "gu");
      } catch {
        continue;
      }
      const own = new SplitPattern(source, "gu");
      const all = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => [match.index, ...match]);
      const views = (pattern: RegExp) => [
        text.match(pattern),
        text.split(pattern),
        text.replaceAll(pattern, "<$&>"),
        all(pattern),
      ];
      const [wanted, got] = [views(native), views(own)];
      expect([source, text, got]).toEqual([source, text, wanted]);
      compared++;
    }
    expect(compared).toBeGreaterThan(2500);
  });

  test.each([
    ["Qwen's pattern", qwenSplit.replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)", "(?:'[sS]|'[tT]|'[rR][eE])")],
    ["GPT-2's", "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"],
  ])("%s in prose, code and white space", (_, source) => {
    const text = "It's  a test:\n\n\tif (x == 10) { return 'ünïcödé' }   \r\n 数学 42 😀!?\n".repeat(20);
    expect(text.match(new SplitPattern(source, "gu"))).toEqual(text.match(new RegExp(source, "gu")));
  });
});

describe("a pattern that would take an engine forever ends in a sentence", () => {
  const texts = ["a".repeat(3000), `${"a ".repeat(1500)}!`, " ".repeat(3000), "ab".repeat(1500)];
  test.each([
    "(.+)+\\u0001",
    "(a+)+b",
    "(a|a)*b",
    "(?:a|aa)+$b",
    "(\\s*)*x",
    "(?:\\p{L}+\\s?)+x",
    "(.*)(.*)(.*)(.*)x",
    "(?=(.+)+x)",
    "(?<=(?:.+)+)x",
    "(?<!.*.*)x",
    "(?:.{1,40}){1,40}x",
    "(?:(?:a?){30}){30}x",
    "\\s+$x|\\s*\\s*\\s*x",
  ])("%s", (source) => {
    for (const text of texts) {
      const budget = { left: stepsFor(text) };
      try {
        text.match(new SplitPattern(source, "gu", budget));
      } catch (error) {
        expect((error as Error).message).toBe("it takes too long on this text");
      }
      expect(budget.left).toBeGreaterThanOrEqual(-1);
    }
  });
});

test.each([
  ["(a)\\1", "it refers back to a group"],
  ["(?<n>a)\\k<n>", "it refers back to a group"],
  ["(?:a{500}){500}", "it is too long"],
  ["(?i:a)", "begins no group that is supported here"],
])("%s is not supported", (source, sentence) => {
  expect(() => new SplitPattern(source, "gu")).toThrow(sentence);
});
