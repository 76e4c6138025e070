import { expect, test } from "vitest";
import { foldPictures } from "../../../../src/app/web/data/prompt_pieces.ts";
import { columnTexts } from "../../../../src/app/web/worker/column_texts.ts";

test("the image tokens of each picture are one piece, and every token is counted", () => {
  const texts = ["<|im_start|>", "user\n", "<|image_pad|>", "<|image_pad|>", "<|vision_end|>", "<|image_pad|>", "Why?"];
  const pieces = foldPictures({ tokens: [1, 2, 9, 9, 4, 9, 5], texts });
  expect(pieces.map(({ text, tokens, first, kind }) => [text, tokens, first, kind])).toEqual([
    ["<|im_start|>", 1, 0, "special"],
    ["user\n", 1, 1, "text"],
    ["⟨image × 2⟩", 2, 2, "image"],
    ["<|vision_end|>", 1, 4, "special"],
    ["⟨image × 1⟩", 1, 5, "image"],
    ["Why?", 1, 6, "text"],
  ]);
});

test("columns are shown whatever they hold", () => {
  const columns = {
    text: "<b>",
    big: 12n,
    huge: 2n ** 70n,
    bytes: new Uint8Array(3),
    none: null,
    list: [1, { a: 2n }],
  };
  expect(columnTexts(columns)).toEqual([
    { name: "text", text: "<b>" },
    { name: "big", text: "12" },
    { name: "huge", text: `"${2n ** 70n}"` },
    { name: "bytes", text: '"3 bytes"' },
    { name: "none", text: "null" },
    { name: "list", text: '[1,{"a":2}]' },
  ]);
  expect(columnTexts({ long: "x".repeat(30_000) })[0]!.text).toMatch(/x… 30000 characters in all$/);
});
