import { expect, test } from "vitest";
import { loadJson, type PythonValue } from "../../src/policy/python_json.ts";
import { type RenderOptions, renderRecipe } from "../../src/policy/recipe_chat.ts";
import { readBytes } from "../support/png.ts";

const renders = new TextDecoder()
  .decode(await readBytes(new URL("../golden/text/renders.jsonl", import.meta.url)))
  .trim()
  .split("\n")
  .map((line) => loadJson(line) as Map<string, PythonValue>)
  .filter((one) => one.get("template") === "recipe")
  .map((one) => ({ id: one.get("id") as string, one }));

test("there are renders", () => expect(renders.length).toBe(12));

test.each(renders)("$id is what the recipe's template writes", ({ one }) => {
  const options = Object.fromEntries(one.get("options") as Map<string, boolean>) as RenderOptions;
  expect(renderRecipe(one.get("messages") as PythonValue[], one.get("tools")!, options)).toBe(one.get("rendered"));
});
