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

test.each([
  "{% for i in range(10**9) %}{% endfor %}",
  "{% for i in range(1000000000) %}x{% endfor %}",
  "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
  `{% set ns = namespace(x=[1]) %}${"{% set ns.x = ns.x + ns.x %}".repeat(60)}{{ ns.x | length }}`,
  `{% set ns = namespace(x='ab') %}${"{% set ns.x = ns.x ~ ns.x %}".repeat(60)}{{ ns.x | length }}`,
  "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
  "{% set x = range(2000) %}{% for a in x %}{% for b in x %}{% endfor %}{% endfor %}",
  `{{ ${"(".repeat(60000)}1${")".repeat(60000)} }}`,
  "x".repeat(300_000),
])("a template that would run forever, or take the memory, ends in a sentence: %#", (template) => {
  expect(() => renderTemplate(template, [], null, {})).toThrow(
    /too long|too much|at most 200000|Parser Error|Unexpected|Cannot call/,
  );
});

test("what a sound template loops over is as it was", () => {
  const template = "{% for i in range(3) %}{{ i }}{% endfor %} {% for i in range(5, 1, -2) %}{{ i }}{% endfor %}";
  expect(renderTemplate(template, [], null, {})).toBe("012 53");
});
