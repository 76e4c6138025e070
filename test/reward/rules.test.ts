import { describe, expect, test } from "vitest";
import { judgeByRules } from "../../src/reward/rules.ts";

describe("judgeByRules", () => {
  test.each([
    ["9", "9", true, "exact"],
    [" 9\n", "9", true, "exact"],
    ["09", "9", false, "exact"],
    ["9.0", "9", false, "exact"],
    ["8", "9", false, "exact"],
    ["", "9", false, "exact"],
    [null, "9", false, "no answer"],
  ])("needle: %j for %j is %s (%s)", (answer, gold, right, rule) => {
    expect(judgeByRules(answer, { source: "needle", answer: gold })).toEqual({ right, rule });
  });

  test.each([
    ["The woman is  to the LEFT.", "the woman is to the left", true, "case"],
    ["1,250", "1250", true, "number"],
    ["0.50", ".5", true, "number"],
    ["3e2", "300", true, "number"],
    ["-7", "7", false, "number"],
    ["1,25", "125", false, "no rule matches"],
    ["(B)", "B", true, "choice"],
    ["b) red", "B. red", true, "choice"],
    ["A. red", "B. red", false, "choice"],
    ["a car", "A", false, "no rule matches"],
    ["tan", "The countertop is tan.", false, "no rule matches"],
    [".", ".", true, "exact"],
    [" .", "", false, "no rule matches"],
    [null, "", false, "no answer"],
  ])("others: %j for %j is %s (%s)", (answer, gold, right, rule) => {
    expect(judgeByRules(answer, { source: "deepeyes", answer: gold })).toEqual({ right, rule });
  });
});
