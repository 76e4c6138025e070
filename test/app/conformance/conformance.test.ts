import { expect, test } from "vitest";
import { type Case, conformance } from "../../../src/app/conformance/conformance.ts";
import { jsonLines, type Outcome, Tally } from "../../../src/app/conformance/outcome.ts";
import { gpu } from "../../support/device.ts";
import { readBytes } from "../../support/png.ts";

const file = "deepeyes.jsonl";
const cases = jsonLines<Case>(await readBytes(new URL(`../../golden/cases/${file}`, import.meta.url)), file);

const run = async (some: readonly Case[]) => {
  const outcomes: Outcome[] = [];
  for await (const outcome of conformance(some, gpu)) outcomes.push(outcome);
  return outcomes;
};

test("every case of DeepEyes and verl agrees", async () => {
  const outcomes = await run(cases);
  expect(new Set(outcomes.map((outcome) => outcome.name)).size).toBe(cases.length);
  expect(outcomes.filter((outcome) => !outcome.passed)).toEqual([]);
});

test("a case that is wrong fails, and one of an unknown suite is skipped and counted", async () => {
  const advantage = cases.find((one) => one.suite === "grpo_advantage" && one.id === "grpo-004") as Case & {
    advantages: number[];
  };
  const changed = { ...advantage, advantages: advantage.advantages.map((value) => value + 1e-3) };
  const outcomes = await run([changed, { suite: "else", id: "x" }]);
  const failed = outcomes.filter((outcome) => !outcome.passed && !outcome.skipped);
  expect(failed.map((outcome) => outcome.quantity)).toEqual(["advantages"]);
  const tally = new Tally();
  const failures = outcomes.map((outcome) => tally.add(outcome)).filter((line) => line !== null);
  expect(failures[0]).toMatch(/FAIL {2}advantages: grpo-004: expected/);
  expect(failures).toHaveLength(1);
  expect(tally.lines().at(-2)).toMatch(/skip {2}else +1: not a suite of this version, which knows /);
  expect(tally.lines().at(-1)).toBe("1 passed, 1 failed, 1 skipped");
});
