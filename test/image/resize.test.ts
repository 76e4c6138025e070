import { describe, expect, it } from "vitest";
import { crop } from "../../src/image/crop.ts";
import type { Box } from "../../src/image/pixels.ts";
import { resize } from "../../src/image/resize.ts";
import cases from "../golden/images/resize.json" with { type: "json" };
import { readPng } from "../support/png.ts";

const golden = (file: string) => readPng(new URL(`../golden/images/${file}`, import.meta.url));
const grey = (...levels: number[]) => ({
  width: levels.length,
  height: 1,
  data: Uint8Array.from(levels.flatMap((v) => [v, v, v])),
});

describe("resize", () => {
  it.each(cases)("equals Pillow: $file", async ({ source, box, size, file }) => {
    const whole = await golden(source);
    const expected = await golden(file);
    expect(resize(box ? crop(whole, box as Box) : whole, ...(size as [number, number]))).toEqual(expected);
  });

  it("takes means with the box filter", () => {
    expect([...resize(grey(0, 10, 100, 201), 2, 1, { filter: "box" }).data]).toEqual([5, 5, 5, 151, 151, 151]);
  });

  it("weighs neighbours by distance with the bilinear filter", () => {
    // Doubling: centres fall a quarter of the way between neighbours, edges repeat.
    const { data } = resize(grey(0, 100), 4, 1, { filter: "bilinear" });
    expect([data[0], data[3], data[6], data[9]]).toEqual([0, 25, 75, 100]);
  });

  it("gives a copy at the same size", () => {
    const picture = grey(1, 2, 3);
    const same = resize(picture, 3, 1);
    expect(same).toEqual(picture);
    same.data[0] = 99;
    expect(picture.data[0]).toBe(1);
  });

  it.each([
    [0, 4],
    [4, 1.5],
  ])("refuses %d x %d", (width, height) => {
    expect(() => resize(grey(1), width, height)).toThrow(`not to ${width} x ${height}`);
  });
});
