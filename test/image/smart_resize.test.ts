import { describe, expect, it } from "vitest";
import { type SizeRule, smartResize } from "../../src/image/smart_resize.ts";
import { readBytes } from "../support/png.ts";

interface Case {
  by: SizeRule;
  width: number;
  height: number;
  factor: number;
  min_pixels: number;
  max_pixels: number;
  out_width?: number;
  out_height?: number;
  error?: string;
}

const lines = new TextDecoder().decode(
  await readBytes(new URL("../golden/images/smart_resize.jsonl", import.meta.url)),
);
const cases = lines
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

const sized = (c: Case) =>
  smartResize(c.height, c.width, { factor: c.factor, minPixels: c.min_pixels, maxPixels: c.max_pixels }, c.by);

describe("smartResize", () => {
  it.each(["transformers", "qwen-vl-utils"])("gives the sizes of %s", (by) => {
    const mine = cases.filter((c) => c.by === by && !c.error);
    expect(mine.length).toBeGreaterThan(80);
    expect(mine.map(sized)).toEqual(mine.map((c) => ({ heightPx: c.out_height, widthPx: c.out_width })));
  });

  it("refuses what they refuse", () => {
    const refused = cases.filter((c) => c.error);
    expect(refused.length).toBeGreaterThan(20);
    for (const c of refused) expect(() => sized(c), JSON.stringify(c)).toThrow("at most 200 times");
  });

  it("refuses an empty picture", () => {
    expect(() => smartResize(0, 5, { factor: 28, minPixels: 1, maxPixels: 9999 })).toThrow("at least one pixel");
  });
});
