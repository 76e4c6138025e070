import { describe, expect, test } from "vitest";
import { choiceText, decideChoice, goldChoice } from "../../../src/reward/rules/options.ts";

const glove = {
  question: "What is the material of the glove?",
  options: ["The material of the glove is cotton.", "The material of the glove is rubber.", "kevlar", "leather"],
  right: 1,
};

test("question and options as DeepEyes' evaluation writes them", () => {
  expect(choiceText({ question: "Q?", options: ["x", "y"], right: 0 })).toBe("Question: Q?\nOptions: \nA. x\nB. y\n\n");
  expect(goldChoice(glove)).toBe("B. The material of the glove is rubber.");
});

describe("decided without a judge", () => {
  test.each([
    ["B", true],
    ["b", true],
    [" B \n", true],
    ["B.", true],
    ["(B)", true],
    ["A", false],
    ["D.", false],
    ["B. The material of the glove is rubber.", true],
    ["The material of the glove is rubber", true],
    ["kevlar", false],
    ["The answer is B", true],
    ["I see it: B. The material of the glove is rubber. That is it", true],
    ["\\boxed{B}", true],
    ["So it is \\boxed{C}", false],
    ["\\boxed{B} or \\boxed{C}", false],
  ])("%j", (answer, right) => {
    expect(decideChoice(answer, glove)?.right).toBe(right);
  });

  test("nothing at all is wrong", () => {
    expect(decideChoice(null, glove)).toEqual({ right: false, rule: "no answer" });
  });
});

test("what must be read is left to a judge", () => {
  // Naming all options is no answer, though the right one is among them.
  const both = "B. The material of the glove is rubber. or A. The material of the glove is cotton.";
  for (const answer of ["it seems to be made of latex", both, "", "B or C"])
    expect(decideChoice(answer, glove)).toBeNull();
});
