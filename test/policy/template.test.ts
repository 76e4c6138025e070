import { expect, test } from "vitest";
import { loadJson, type PythonValue } from "../../src/policy/python_json.ts";
import type { RenderOptions } from "../../src/policy/recipe_chat.ts";
import { renderTemplate } from "../../src/policy/template.ts";
import { readBytes } from "../support/png.ts";

const golden = async (file: string) =>
  new TextDecoder().decode(await readBytes(new URL(`../golden/text/${file}`, import.meta.url)));
const stock = await golden("stock.jinja");
const renders = (await golden("renders.jsonl"))
  .trim()
  .split("\n")
  .map((line) => loadJson(line) as Map<string, PythonValue>)
  .filter((one) => one.get("template") === "stock")
  .map((one) => ({ id: one.get("id") as string, one }));

test("there are renders", () => expect(renders.length).toBe(8));

test.each(renders)("$id is what transformers writes by the same template", ({ one }) => {
  const options = Object.fromEntries(one.get("options") as Map<string, boolean>) as RenderOptions;
  expect(renderTemplate(stock, one.get("messages") as PythonValue[], one.get("tools")!, options)).toBe(
    one.get("rendered"),
  );
});

test("a template that is none is an error", () => {
  expect(() => renderTemplate("{% if %}", [], null, {})).toThrow();
});
