import { describe, expect, it } from "vitest";
import type { Box } from "../../../src/image/pixels.ts";
import { type LessonRow, lessonKinds } from "../../../src/tasks/lessons/lesson.ts";
import {
  coldLessons,
  type LessonKind,
  needleLessonRow as lessonRow,
  storyLessons,
  warmLessons,
} from "../../../src/tasks/lessons/needle_lessons.ts";
import { fingerprint } from "../../support/fingerprint.ts";
import { lessonRows } from "../../support/lesson_rows.ts";

const text = (row: LessonRow) => row.spans.map((span) => span.text).join("");
const learnt = (row: LessonRow) => row.spans.filter((span) => span.supervised).map((span) => span.text);
const rowsOf = (kind: LessonKind, count: number, lessons = warmLessons) =>
  Array.from({ length: count }, (_, index) => lessonRow(lessons, kind, { seed: 11, step: 0, index }));

const picture = "<|vision_start|><|image_pad|><|vision_end|>";
const tags = { "<": "\\<", "|": "\\|" };
const escaped = (literal: string) => literal.replace(/[<|>[\]{}?.]/g, (c) => tags[c as "<"] ?? `\\${c}`);
const number = "(0|[1-9]0|[1-9][0-9]0|1000)";
const box = [number, number, number, number].join(", ");

/** Mean level of the part [x0, x1) x [y0, y1) of a 64 x 64 picture, parts of pixels included. */
function mean({ data }: { data: Uint8Array }, x0: number, y0: number, x1: number, y1: number): number {
  let sum = 0;
  for (let y = 0; y < 64; y++)
    for (let x = 0; x < 64; x++) {
      const across = Math.max(0, Math.min(x + 1, x1) - Math.max(x, x0));
      const down = Math.max(0, Math.min(y + 1, y1) - Math.max(y, y0));
      const at = (y * 64 + x) * 3;
      const levels = data.subarray(at, at + 3).reduce((a, b) => a + b, 0);
      sum += (across * down * levels) / 3;
    }
  return sum / (x1 - x0) / (y1 - y0);
}

describe("lessonKinds", () => {
  const counted = (kinds: string[]) =>
    Object.fromEntries([...new Set(kinds)].map((kind) => [kind, kinds.filter((other) => other === kind).length]));

  it("shares a batch by the mix", () => {
    expect(counted(lessonKinds(warmLessons.mix, 256))).toEqual({ tool: 77, cap: 38, read: 38, capr: 77, direct: 26 });
    expect(counted(lessonKinds(coldLessons.mix, 128))).toEqual({ tool: 45, direct: 83 });
    expect(counted(lessonKinds(storyLessons.mix, 10))).toEqual({ tool: 4, direct: 6 });
  });

  it.each([1, 2, 3, 7, 31])("adds up to %d rows", (rows) => {
    expect(lessonKinds(warmLessons.mix, rows)).toHaveLength(rows);
  });
});

describe("lessonRow", () => {
  it("tool: zooms and answers", () => {
    const form = new RegExp(
      `^${escaped(`<|im_start|>user\n${picture}What digit is on the `)}([a-z]+) ([a-z]+)${escaped(
        '?<|im_end|>\n<|im_start|>assistant\n<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [',
      )}${box}${escaped('], "label": "the ')}\\1 \\2${escaped(
        `"}}\n</tool_call><|im_end|>\n<|im_start|>user\n<tool_response>${picture}</tool_response><|im_end|>\n<|im_start|>assistant\n<answer>`,
      )}([0-9])${escaped("</answer><|im_end|>")}$`,
    );
    for (const row of rowsOf("tool", 30)) {
      const found = text(row).match(form);
      expect(found, text(row)).not.toBeNull();
      const [, colour, shape, left, top, right, bottom, digit] = found!;
      expect(Number(left)).toBeLessThan(Number(right));
      expect(Number(top)).toBeLessThan(Number(bottom));
      expect(learnt(row)).toEqual([
        '<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [',
        ...[left, ", ", top, ", ", right, ", ", bottom],
        '], "label": "the',
        ` ${colour}`,
        ` ${shape}`,
        '"}}\n</tool_call><|im_end|>',
        "<answer>",
        digit,
        "</answer><|im_end|>",
      ]);
      expect(row.pictures).toHaveLength(2);
    }
  });

  it("tool: the second picture is what the box cuts out, made square", () => {
    for (const row of rowsOf("tool", 20)) {
      const [left, top, right, bottom] = learnt(row)
        .filter((word) => /^\d+$/.test(word))
        .slice(0, 4)
        .map((word) => (Number(word) / 1000) * 64) as Box;
      const side = Math.max(right - left, bottom - top, 4);
      const inside = (start: number) => Math.min(Math.max(start, 0), 64 - side);
      const x = inside((left + right - side) / 2);
      const y = inside((top + bottom - side) / 2);
      const crop = mean(row.pictures[1]!, 0, 0, 64, 64);
      expect(Math.abs(crop - mean(row.pictures[0]!, x, y, x + side, y + side))).toBeLessThan(3);
    }
  });

  it.each<LessonKind>(["direct", "read"])("%s: answers at once", (kind) => {
    const form = new RegExp(
      `^${escaped(`<|im_start|>user\n${picture}What digit is on the `)}[a-z]+ [a-z]+${escaped(
        "?<|im_end|>\n<|im_start|>assistant\n<answer>",
      )}[0-9]${escaped("</answer><|im_end|>")}$`,
    );
    for (const row of rowsOf(kind, 10)) {
      expect(text(row)).toMatch(form);
      expect(learnt(row).join("")).toBe(text(row).split("assistant\n")[1]);
      expect(row.pictures).toHaveLength(1);
    }
  });

  it("cap: boxes of all objects, of which numbers and commas are learnt", () => {
    const form = new RegExp(
      `^${escaped(`<|im_start|>user\n${picture}Describe.<|im_end|>\n<|im_start|>assistant\n`)}( [a-z]+ [a-z]+\\[${box}\\]\n){1,4}$`,
    );
    for (const row of rowsOf("cap", 20)) {
      expect(text(row)).toMatch(form);
      const objects = text(row).split("assistant\n")[1]!.trimEnd().split("\n").length;
      expect(learnt(row)).toHaveLength(7 * objects);
      expect(learnt(row).join("")).toMatch(new RegExp(`^(${box})+$`));
    }
  });

  it("capr: digits of all objects", () => {
    const form = new RegExp(
      `^${escaped(`<|im_start|>user\n${picture}Read.<|im_end|>\n<|im_start|>assistant\n`)}( [a-z]+ [a-z]+ [0-9]\n){1,4}$`,
    );
    for (const row of rowsOf("capr", 20)) {
      expect(text(row)).toMatch(form);
      const digits = [...text(row).matchAll(/ ([0-9])\n/g)].map((found) => found[1]);
      expect(learnt(row)).toEqual(digits);
    }
  });

  it("labels the cells where objects are", () => {
    /** Objects of a `cap` row, by the boxes in its text: centres in thousandths. */
    const objectsOf = (row: LessonRow) =>
      [...text(row).matchAll(/ ([a-z]+) ([a-z]+)\[(\d+), (\d+), (\d+), (\d+)\]/g)].map(([, colour, shape, ...box]) => {
        const [left, top, right, bottom] = box.map(Number) as Box;
        return { colour, shape, x: (left + right) / 2, y: (top + bottom) / 2 };
      });
    // Written boxes are rounded, so that a centre near a border of cells does not say in which one it lies.
    const clear = (v: number) => v % 250 >= 6 && v % 250 <= 244;
    const near = (v: number) => [-10, 0, 10].map((d) => String(Math.round(v / 10) * 10 + d));
    const counts = { colour: 0, shape: 0, coordinate: 0 };
    const rows = rowsOf("cap", 120, { ...warmLessons, glyphMaxPx: 3 }).filter((row) =>
      objectsOf(row).every(({ x, y }) => clear(x) && clear(y)),
    );
    expect(rows.length).toBeGreaterThan(60);
    for (const row of rows) {
      const objects = objectsOf(row);
      row.imageLabels[0]?.forEach(({ word, weight }, cell) => {
        const here = objects.filter(({ x, y }) => Math.floor(y / 250) * 4 + Math.floor(x / 250) === cell);
        expect({ word, weight }).toEqual(here.length === 0 ? { word: ".", weight: 0.1 } : { word, weight: 1 });
        if (here.length === 0) return;
        if (here.some(({ colour }) => word === ` ${colour}`)) counts.colour++;
        else if (here.some(({ shape }) => word === ` ${shape}`)) counts.shape++;
        else {
          expect(here.flatMap(({ x, y }) => [...near(x), ...near(y)])).toContain(word);
          counts.coordinate++;
        }
      });
    }
    const total = counts.colour + counts.shape + counts.coordinate;
    expect(Math.abs(counts.colour / total - 0.3)).toBeLessThan(0.1);
    expect(Math.abs(counts.shape / total - 0.3)).toBeLessThan(0.1);
    expect(Math.abs(counts.coordinate / total - 0.4)).toBeLessThan(0.1);
  });

  it("labels legible digits mostly with the digit, and both pictures of a tool row", () => {
    const close = rowsOf("capr", 100).flatMap((row) => row.imageLabels[0]!.filter(({ weight }) => weight === 1));
    const digits = close.filter(({ word }) => /^[0-9]$/.test(word));
    expect(Math.abs(digits.length / close.length - 0.6)).toBeLessThan(0.12);
    for (const row of rowsOf("tool", 20)) {
      expect(row.imageLabels.map((labels) => labels.length)).toEqual([16, 16]);
      // A crop has no coordinates of its own, and its target is in it.
      for (const { word } of row.imageLabels[1]!) expect(word).toMatch(/^(\.| [a-z]+|[0-9])$/);
    }
  });
});

describe("lessonRows", () => {
  it("is the same for the same seed and step", () => {
    const said = (rows: LessonRow[]) =>
      rows.map(({ pictures, ...row }) => ({ ...row, pictures: pictures.map(({ data }) => fingerprint(data)) }));
    expect(said(lessonRows(warmLessons, 1, 2, 8))).toEqual(said(lessonRows(warmLessons, 1, 2, 8)));
    const [first, later, other] = [
      lessonRows(warmLessons, 1, 2, 8),
      lessonRows(warmLessons, 1, 3, 8),
      lessonRows(warmLessons, 2, 2, 8),
    ].map(([row]) => text(row!));
    expect(first).not.toBe(later);
    expect(first).not.toBe(other);
  });

  it("has no image labels after the warm start", () => {
    for (const lessons of [coldLessons, storyLessons])
      for (const row of lessonRows(lessons, 0, 0, 8)) expect(row.imageLabels).toEqual([]);
  });

  it("shows clumsier boxes in the cold start", () => {
    const sides = (lessons: typeof warmLessons) =>
      rowsOf("tool", 200, lessons).map((row) => {
        const [left, , right] = learnt(row)
          .filter((word) => /^\d+$/.test(word))
          .slice(0, 4)
          .map((word) => (Number(word) / 1000) * 512) as Box;
        return right - left;
      });
    const average = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(average(sides(warmLessons)) - 107)).toBeLessThan(12);
    expect(Math.abs(average(sides(coldLessons)) - 168)).toBeLessThan(20);
  });
});
