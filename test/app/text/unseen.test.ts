import { describe, expect, test } from "vitest";
import { unseenPieces, withUnseen } from "../../../src/app/text/unseen.ts";

describe("characters that are not seen", () => {
  test.each([
    ["an order of letters that is turned", "exe.\u202egpj", "exe.<U+202E>gpj"],
    ["isolates and marks", "\u2066a\u2069\u200e\u200f\u061c", "<U+2066>a<U+2069><U+200E><U+200F><U+061C>"],
    ["no width", "a\u200bb\u2060c\ufeffd\u00ade", "a<U+200B>b<U+2060>c<U+FEFF>d<U+00AD>e"],
    ["joiners where nothing is joined", "a\u200db\u200c", "a<U+200D>b<U+200C>"],
    ["a text in tags", "\u{e0041}\u{e0042}", "<U+E0041><U+E0042>"],
    ["tags behind a flag that is none", "🏴\u{e0041}\u{e007f}", "🏴<U+E0041><U+E007F>"],
    ["bytes in variation selectors", "x\ufe00\u{e0101}", "x<U+FE00><U+E0101>"],
    ["a second selector behind an emoji", "❤\ufe0f\ufe0f", "❤\ufe0f<U+FE0F>"],
    ["two joiners in a row", "عر\u200c\u200cب", "عر<U+200C><U+200C>ب"],
    ["what a terminal obeys", "\u001b[2J\u0007\u009b", "<U+001B>[2J<U+0007><U+009B>"],
    ["other breaks of lines", "a\rb\u2028c\u2029d\u0085", "a<U+000D>b<U+2028>c<U+2029>d<U+0085>"],
    ["letters without ink", "\u3164\u115f\uffa0\u2800", "<U+3164><U+115F><U+FFA0><U+2800>"],
    ["half a character", "a\ud800", "a<U+D800>"],
  ])("%s", (_, text, shown) => {
    expect(withUnseen(text)).toBe(shown);
  });

  test.each([
    "plain, \n\t “quotes” – é ñ ß",
    "שלום עולם, مرحبا, ١٢٣, \u0600",
    "می\u200cخواهم نمی\u200cدانم",
    "क्\u200dष क्\u200cष ශ්\u200dරී",
    "👩‍👩‍👧‍👦 🧑🏽‍🚀 👍🏽 ❤️ ☺︎ 1️⃣ #️⃣ 🏳️‍🌈 👁️‍🗨️",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇩🇪",
    "葛󠄀 漢字 かな 한국어 ไทย",
  ])("what people write stays as it is: %s", (text) => {
    expect(unseenPieces(text)).toEqual([{ text, unseen: false }]);
  });

  test("pieces keep what is text apart from the names", () => {
    expect(unseenPieces("a\u202eb")).toEqual([
      { text: "a", unseen: false },
      { text: "<U+202E>", unseen: true },
      { text: "b", unseen: false },
    ]);
  });

  test("a long text of them takes no longer than it should", () => {
    const text = "\u202e\u200d".repeat(200_000);
    expect(withUnseen(text).length).toBe(text.length * 8);
  });
});
