import { describe, expect, test } from "vitest";
import { parseSorting, sortingText } from "../../../src/app/rollout_list/fields.ts";
import { asksFor, parseQuery, queryText, ranged, rangeOf, toggled } from "../../../src/app/rollout_list/query.ts";

describe("the text of a filter", () => {
  test("has choices, ranges and texts", () => {
    const { choices, ranges, texts } = parseQuery(
      'is:wrong tool:used -end:length reward>0.5 step:10..20 advantage:−1 "red circle" -blur question:"what digit"',
    );
    expect(choices).toEqual([
      { field: "is", values: ["wrong"], negated: false },
      { field: "tool", values: ["used"], negated: false },
      { field: "end", values: ["length"], negated: true },
    ]);
    expect(ranges.map(({ field, least, most, leastOpen }) => [field, least, most, leastOpen])).toEqual([
      ["reward", 0.5, Number.POSITIVE_INFINITY, true],
      ["step", 10, 20, false],
      ["advantage", -1, -1, false],
    ]);
    expect(texts).toEqual([
      { text: "red circle", within: null, negated: false },
      { text: "blur", within: null, negated: true },
      { text: "what digit", within: "question", negated: false },
    ]);
  });

  test("is written as it is read", () => {
    for (const text of [
      "",
      "is:wrong is:format -tool:used",
      "reward>0.5 step:10..20 iou<=0.1 tokens>=3 task<4 turns:2",
      '"red circle" -blur response:7 question:"a \\"b\\" \\\\"',
      'tag:"two words" "reward>1" "-minus" "a:b"',
      "-reward:0..1",
    ])
      expect(queryText(parseQuery(text))).toBe(text);
    // Several of one field are one choice, and once each.
    expect(queryText(parseQuery("is:wrong tool:used is:wrong is:right"))).toBe("is:wrong is:right tool:used");
    expect(queryText(parseQuery("IS:Wrong step:..5 step:5.."))).toBe("is:wrong step<=5 step>=5");
  });

  test("is changed by buttons", () => {
    const one = toggled(parseQuery("-is:right word"), "is", "wrong");
    expect(queryText(one)).toBe("-is:right is:wrong word");
    expect(asksFor(one, "is", "wrong")).toBe(true);
    expect(asksFor(one, "is", "right")).toBe(false);
    expect(queryText(toggled(toggled(one, "is", "format"), "is", "wrong"))).toBe("-is:right is:format word");
    expect(queryText(toggled(one, "is", "wrong"))).toBe("-is:right word");
    const two = ranged(parseQuery("reward>1"), "reward", { least: 0, most: 2 });
    expect(queryText(two)).toBe("reward:0..2");
    expect(rangeOf(two, "reward")).toMatchObject({ least: 0, most: 2 });
    expect(queryText(ranged(two, "reward", null))).toBe("");
  });

  test.each([
    ["is:rihgt", '"is:" takes right, wrong, format, unjudged, failed, found "rihgt"; did you mean "right"?'],
    [
      "rewrad>1",
      'There is no field "rewrad"; did you mean "reward"? To look for the text, put "rewrad>1" in quotation',
    ],
    ["end>1", '"end" is no number: write end:VALUE, not end>'],
    ["reward>high", '"reward" takes a number or a range, such as reward>0.5, reward:1 or reward:0..1; found "high"'],
    ["reward:0..1..2", '"reward" takes a number or a range'],
    ["step:..", '"step" takes a number or a range'],
    ["step:5..1", "The range step:5..1 ends before it begins"],
    ["is:", 'Behind "is:" a value is missing'],
    ['a "b', "A quotation mark is not closed"],
  ])("%s is refused in one sentence", (text, sentence) => {
    expect(() => parseQuery(text)).toThrow(sentence);
  });

  test("one that is too long is refused", () => {
    expect(() => parseQuery("x".repeat(2001))).toThrow("A filter has at most 2000 characters, found 2001");
    expect(() => parseQuery("a ".repeat(101))).toThrow("A filter has at most 100 terms");
  });

  test("a sorting is a field, downwards with a minus", () => {
    expect(parseSorting("-reward")).toEqual({ field: "reward", down: true });
    expect(sortingText(parseSorting("iou"))).toBe("iou");
    expect(parseSorting("")).toBe(null);
    expect(() => parseSorting("rewrad")).toThrow('did you mean "reward"?');
  });
});
