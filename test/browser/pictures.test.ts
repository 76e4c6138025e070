import { expect, test } from "vitest";
import type { Outcome } from "../../src/app/conformance/outcome.ts";
import { imageParity } from "../../src/app/parity/image_files.ts";
import { decode } from "../../src/image/decode.ts";
import { pngOf, webpOf } from "../support/bombs.ts";
import { readBytes } from "../support/png.ts";

/** Vite serves the project's root. */
const pictures = new URL("/test/golden/pictures/", location.origin);

test("Chromium decodes pictures to the bytes that Deno decodes them to: Pillow's", async () => {
  const outcomes: Outcome[] = [];
  for await (const outcome of imageParity((name) => readBytes(new URL(name, pictures)))) outcomes.push(outcome);
  expect(outcomes.length).toBeGreaterThan(36 * 5);
  expect(outcomes.filter(({ passed }) => !passed)).toEqual([]);
  expect(Math.max(...outcomes.map(({ error = 0 }) => error))).toBe(0);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])("a WebP's pixels as they are stored, EXIF orientation %i", async (orientation) => {
  const bytes = await readBytes(new URL(`/test/golden/faults/webp-exif/o${orientation}.webp`, location.origin));
  const { width, height, rgb, orientation: found } = await decode(bytes);
  expect([width, height, found]).toEqual([9, 6, orientation]);
  const at = (x: number, y: number) => [...rgb.subarray((y * 9 + x) * 3, (y * 9 + x) * 3 + 3)];
  expect([...at(0, 0), ...at(8, 0), ...at(0, 5), ...at(8, 5)]).toEqual([
    255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255,
  ]);
});

test("a file that asks for much is refused by its header, or unpacked no further than its rows", async () => {
  await expect(decode(webpOf(16_383, 10_900))).rejects.toThrow("is not decoded, found 16383 x 10900");
  await expect(decode(webpOf(8000, 5000))).rejects.toThrow("may take 340 MiB");
  const { width, rgb } = await decode(await pngOf(64, 64, { more: 2 ** 28 }));
  expect([width, rgb.length]).toEqual([64, 64 * 64 * 3]);
});
