import { expect, test } from "vitest";
import { jsonLines } from "../../../src/app/conformance/outcome.ts";
import { type RuleCase, rule } from "../../../src/app/conformance/rule_cases.ts";
import { readBytes } from "../../support/png.ts";

const casesOf = async (file: string) =>
  jsonLines<RuleCase>(await readBytes(new URL(`../../golden/faults/${file}`, import.meta.url)), file);
/** What was found from outside, and what we thought of after that. */
const cases = [...(await casesOf("rule.jsonl")), ...(await casesOf("rule-own.jsonl"))];

test.each(cases)("$id: $answer for $gold: $want", (one) => {
  expect([...rule(one)].map(({ passed, detail }) => [passed, detail])).toEqual([[true, ""]]);
});
