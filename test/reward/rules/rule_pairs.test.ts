import { expect, test } from "vitest";
import { rulePairs } from "../../../src/app/fuzz/rule_pairs.ts";
import { decideByRules } from "../../../src/reward/rules/rules.ts";

const decide = (answer: string, gold: string) =>
  decideByRules(answer, { answer: gold, source: "deepeyes", question: "" });

test("6,000 pairs of writings: none is paid wrongly, none turned down wrongly, and the plain ones are decided", () => {
  const wrong: string[] = [];
  let plain = 0;
  let same = 0;
  for (const { answer, gold, same: isSame, isPlain } of rulePairs(1, 6000)) {
    const right = decide(answer, gold)?.right ?? null;
    if (right === null ? isPlain : right !== isSame) wrong.push(`${answer} for ${gold}: ${right}, not ${isSame}`);
    plain += Number(isPlain);
    same += Number(isSame);
  }
  expect(wrong).toEqual([]);
  // The generator itself: not all of one kind.
  expect(plain).toBeGreaterThan(3000);
  expect(same).toBeGreaterThan(1500);
  expect(same).toBeLessThan(4500);
});

test("the same seed gives the same pairs, another one others", () => {
  expect([...rulePairs(3, 20)]).toEqual([...rulePairs(3, 20)]);
  expect([...rulePairs(3, 20)]).not.toEqual([...rulePairs(4, 20)]);
});
