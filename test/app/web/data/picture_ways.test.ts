import { expect, test } from "vitest";
import { waysOfPictures } from "../../../../src/app/web/data/picture_ways.ts";
import type { PictureWays } from "../../../../src/platform.ts";

const ways = (changes: Partial<PictureWays> = {}, different: Record<string, string> = {}): PictureWays => ({
  problem: null,
  properties: ["JPEG 4:2:0", "JPEG gray", "PNG", "PNG rgb", "WebP lossy", "WebP lossless"].map((name) => ({
    name,
    why: different[name] ?? null,
  })),
  pictures: 19,
  fewestPixels: 2 ** 16,
  decoded: { canvas: 5, own: 2 },
  ...changes,
});

test("a line says what decodes which files, and behind it stands why", () => {
  const { line, facts } = waysOfPictures(ways());
  expect(line).toBe("JPEG, PNG and WebP are decoded by this browser; JPEG is cropped through an OffscreenCanvas");
  expect(facts[0]).toEqual({ name: "by the browser", text: "JPEG 4:2:0, gray; PNG rgb; WebP lossy, lossless" });
  expect(facts.at(-1)!.text).toBe("5 by the browser, 2 by our own code");
});

test("kinds that differ are left out, with the reason", () => {
  const { line, facts } = waysOfPictures(
    ways(
      {},
      {
        PNG: "a damaged file is shown in part",
        "JPEG gray": "levels differ by up to 1",
        "WebP lossy": "levels differ",
        "WebP lossless": "levels differ",
      },
    ),
  );
  expect(line).toBe("JPEG is decoded by this browser; JPEG is cropped through an OffscreenCanvas");
  expect(facts).toContainEqual({ name: "PNG rgb", text: "a damaged file is shown in part; by our own code" });
  expect(facts).toContainEqual({ name: "JPEG gray", text: "levels differ by up to 1; by our own code" });
  expect(facts).toContainEqual({ name: "WebP lossless", text: "levels differ; by the browser all the same" });
});

test("a browser that is not asked at all", () => {
  const problem = "levels read from a canvas are not those that were put there";
  expect(waysOfPictures(ways({ problem }))).toEqual({
    line: `Pictures are decoded and cropped by our own code: ${problem}`,
    facts: [],
  });
  const none = waysOfPictures(
    ways({}, { "JPEG 4:2:0": "x", "JPEG gray": "x", PNG: "x", "WebP lossy": "x", "WebP lossless": "x" }),
  );
  expect(none.line).toBe("Pictures are decoded and cropped by our own code");
});
