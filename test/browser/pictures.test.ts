import { expect, test } from "vitest";
import type { Outcome } from "../../src/app/outcome.ts";
import { imageParity } from "../../src/app/parity/image_files.ts";
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
