import { expect, test } from "vitest";
import { type RuleCase, rule } from "../../src/app/conformance/rule_cases.ts";
import { jsonLines } from "../../src/app/outcome.ts";
import { readBytes } from "../support/png.ts";

const file = "rule.jsonl";
const cases = jsonLines<RuleCase>(await readBytes(new URL(`../golden/faults/${file}`, import.meta.url)), file);

test.each(cases)("$answer for $gold: $want", (one) => {
  expect([...rule(one)].map(({ passed, detail }) => [passed, detail])).toEqual([[true, ""]]);
});
