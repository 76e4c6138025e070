import { afterEach, expect, test } from "vitest";
import { database } from "../../src/app/web/worker/database.ts";
import { keptTexts } from "../../src/app/web/worker/kept_texts.ts";

afterEach(async () => (await database()).clear("texts"));

test("a text is kept under its name, and the last one counts", async () => {
  expect(await keptTexts.read("products-f32")).toBeNull();
  await keptTexts.write("products-f32", "first");
  await keptTexts.write("products-f32", "second");
  await keptTexts.write("products-bf16", "another");
  expect(await keptTexts.read("products-f32")).toBe("second");
});
