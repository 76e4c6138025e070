import { expect, test } from "vitest";
import { cutMark, mostNoteCharacters, mostTags, tagsOf } from "../../src/train/rollout_mark.ts";

test("what a note or tags cannot hold is said", () => {
  expect(cutMark({ note: "n".repeat(mostNoteCharacters - 1) })).toBe("");
  expect(cutMark({ note: "n".repeat(mostNoteCharacters) })).toMatch(/^A note has at most 4,000 characters;/);
  expect(cutMark({ tags: "a, b,, a" })).toBe("");
  expect(cutMark({ tags: `a, ${"t".repeat(41)}` })).toMatch(/^Tags have at most 40 characters/);
  const many = Array.from({ length: mostTags + 1 }, (_, i) => `tag ${i}`).join(",");
  expect(cutMark({ tags: many })).toMatch(/at most 20; what is beyond is left out/);
  expect(tagsOf(many)).toHaveLength(mostTags);
});
