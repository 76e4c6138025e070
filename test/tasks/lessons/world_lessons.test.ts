import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { parseTurn } from "../../../src/agent/parse.ts";
import { Tokenizer } from "../../../src/policy/tokenizer.ts";
import type { LessonRow } from "../../../src/tasks/lessons/lesson.ts";
import { worldColdLessons, worldLessonRow, worldWarmLessons } from "../../../src/tasks/lessons/world_lessons.ts";
import { presets } from "../../../src/train/presets.ts";

const file = new URL("../../../public/worlds/tokenizer.json", import.meta.url);
const tokenizer = new Tokenizer(JSON.parse(readFileSync(file, "utf8")));

const rows = (kind: string, count: number, lessons = worldWarmLessons): LessonRow[] =>
  Array.from({ length: count }, (_, index) => worldLessonRow(lessons, kind, { seed: 4, step: 1, index }));

const text = ({ spans }: LessonRow): string => spans.map((span) => span.text).join("");

/** The model's turns in a row. */
const turns = (row: LessonRow): string[] =>
  text(row)
    .split("<|im_start|>assistant\n")
    .slice(1)
    .map((turn) => `${turn.split("<|im_end|>")[0]}<|im_end|>`);

const lessons = [worldWarmLessons, worldColdLessons].flatMap((one) =>
  Object.keys(one.mix).map((kind) => [`${one.stream} ${kind}`, one, kind] as const),
);

describe.each(lessons)("%s", (_, lesson, kind) => {
  it("is a conversation as the tools' loop has it: valid calls, a picture for each, then an answer", () => {
    for (const row of rows(kind, 12, lesson)) {
      const pictures = text(row).split("<|image_pad|>").length - 1;
      expect(row.pictures).toHaveLength(pictures);
      expect(row.imageLabels).toHaveLength(lesson.imageLabels ? pictures : 0);
      for (const { width, height } of row.pictures) expect([width, height]).toEqual([64, 64]);
      if (!kind.includes(":")) continue;
      const parsed = turns(row).map((turn) => parseTurn(turn));
      expect(parsed.at(-1)?.kind).toBe("answer");
      expect(parsed).toHaveLength(pictures);
      for (const [i, turn] of parsed.slice(0, -1).entries()) {
        const { name, arguments: given } = JSON.parse(turn.kind === "call" ? turn.json : "null");
        expect(name).toBe("image_zoom_in_tool");
        expect(given.image_index).toBeLessThanOrEqual(i);
        const [left, top, right, bottom] = given.bbox_2d;
        expect(0 <= left && left < right && right <= 1000 && 0 <= top && top < bottom && bottom <= 1000).toBe(true);
      }
    }
  });

  it("has the tokens of its whole text, and turns as long as presets allow", () => {
    for (const row of rows(kind, 4, lesson)) {
      const apart = row.spans.flatMap((span) => tokenizer.encode(span.text));
      expect(apart).toEqual(tokenizer.encode(text(row)));
      for (const turn of kind.includes(":") ? turns(row) : [])
        expect(tokenizer.encode(turn).length).toBeLessThanOrEqual(presets.hunt!.changes.nextTurnTokens!);
    }
  });
});

test("rows that solve a hunt look where its letters lead, and into the crop for a disc", () => {
  const calls = rows("solve:hunt", 60).map((row) =>
    turns(row)
      .slice(0, -1)
      .map((turn) => JSON.parse(/\{.*\}/s.exec(turn)![0]).arguments),
  );
  expect(new Set(calls.map(({ length }) => length))).toEqual(new Set([2, 3, 4]));
  for (const [i, chain] of calls.entries()) {
    const last = chain.at(-1);
    expect(last.label === "the disc" ? chain.length - 1 : 0).toBe(last.image_index);
    expect(text(rows("solve:hunt", 60)[i]!)).toContain(chain[0].label.replace("the ", "letters from the "));
  }
});

test("short rows stop early and answer all the same", () => {
  const short = rows("short:hunt", 40, worldColdLessons).map((row) => turns(row).length);
  const whole = rows("solve:hunt", 40, worldColdLessons).map((row) => turns(row).length);
  expect(short.reduce((a, b) => a + b, 0)).toBeLessThan(whole.reduce((a, b) => a + b, 0) - 30);
  expect(Math.min(...short)).toBe(2);
});

test("letters of a word are said by the image tokens where they stand", () => {
  const labels = rows("easy:read", 40).flatMap(({ imageLabels }) =>
    imageLabels.map((cells) => cells.map(({ word }) => word)),
  );
  const letters = labels.map((cells) => cells.filter((word) => /^[A-Z]$/.test(word)).length);
  expect(Math.max(...letters)).toBeGreaterThanOrEqual(2);
  // Never a word as one token, which there is not.
  for (const word of labels.flat()) expect(tokenizer.encode(word)).toHaveLength(1);
});
