import { afterEach, expect, test } from "vitest";
import { cachedTexts } from "../../src/app/web/worker/cached_texts.ts";
import { database } from "../../src/app/web/worker/database.ts";

afterEach(async () => (await database()).clear("texts"));

test("a text is kept under its name, and the last one counts", async () => {
  expect(await cachedTexts.read("products-f32")).toBeNull();
  await cachedTexts.write("products-f32", "first");
  await cachedTexts.write("products-f32", "second");
  await cachedTexts.write("products-bf16", "another");
  expect(await cachedTexts.read("products-f32")).toBe("second");
});
