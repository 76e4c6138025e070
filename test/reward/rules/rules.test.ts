import { describe, expect, test } from "vitest";
import { decideByRules, judgeByRules } from "../../../src/reward/rules/rules.ts";

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

const decide = (answer: string, gold: string, question?: string) =>
  decideByRules(answer, { source: "deepeyes", answer: gold, question });

describe("numbers", () => {
  test.each([
    ["1,250 m", "1250 meters"],
    ["1.25 km", "1,250 m"],
    ["1 250", "1250"],
    ["12'345'678", "12345678"],
    ["50%", "0.5"],
    ["50 percent", "50"],
    ["$1,200.00", "1200"],
    ["120 cents", "$1.20"],
    ["x = 3", "3"],
    ["three", "3"],
    ["Twenty-one dogs", "21"],
    ["10\\text{ cm}", "10"],
    ["\\frac{1}{2}", "0.5"],
    ["\\dfrac12", "1/2"],
    ["½", "0.5"],
    ["1½", "1.5"],
    ["1 1/2 cups", "1.5"],
    ["$\\sqrt{13}$", "13^{1/2}"],
    ["2\\sqrt{10}", "\\sqrt{40}"],
    ["\\frac{\\pi}{4}", "π/4"],
    ["-\\frac{3}{4}", "-0.75"],
    ["0.33", "\\frac13"],
    ["90^\\circ", "90 degrees"],
    ["3 m^2", "3 square meters"],
    ["36 km/h", "10 m/s"],
    ["20 °C", "20 degrees Celsius"],
    ["1{,}000", "1000"],
    ["(1, 2)", "\\left(1,2\\right)"],
    ["2 \\times 10^3", "2000"],
    ["three eighths", "\\frac{3}{8}"],
    ["two dozen eggs", "24"],
    ["1.5 million", "1,500,000"],
    ["1234567.8", "1,234,567.8"],
  ])("%s is %s", (answer, gold) => {
    expect(decide(answer, gold)).toEqual({ right: true, rule: "number" });
    expect(decide(gold, answer)).toEqual({ right: true, rule: "number" });
  });

  test.each([
    ["1,250 m", "1250 km"],
    ["50%", "0.05"],
    ["0.3", "1/3"],
    ["0.34", "1/3"],
    ["three", "4"],
    ["1250001", "1250000"],
    ["\\sqrt{10}", "\\sqrt{13}"],
    ["(1, 3)", "(1, 2)"],
    ["5 dogs", "6 dogs"],
  ])("%s is not %s", (answer, gold) => expect(decide(answer, gold)).toEqual({ right: false, rule: "number" }));

  test.each([
    ["5 kg", "5 m"],
    ["5 cats", "5 dogs"],
    ["3 or more", "3"],
    ["one of them", "1"],
    ["10 to 20", "10"],
    ["1 2", "12"],
    ["1/0", "1"],
    ["20 °C", "20 °F"],
    ["(1, 2)", "[1, 2]"],
    ["x + 1", "x + 2"],
    [`${"(".repeat(200)}1${")".repeat(200)}`, "1"],
  ])("rules leave %s for %s to others", (answer, gold) => expect(decide(answer, gold)).toBeNull());

  test("a sentence with one number, where one is asked for", () => {
    const gold = "There are three dogs on the lawn.";
    const question = "How many dogs are on the lawn?";
    expect(decide("3", gold, question)).toEqual({ right: true, rule: "count" });
    expect(decide("four", gold, question)).toEqual({ right: false, rule: "count" });
    expect(decide("3", gold, "What is on the lawn?")).toBeNull();
    expect(decide("3", "There are 3 dogs and 2 cats.", question)).toBeNull();
  });
});

test("mathematics that is no number is compared without blanks and layout", () => {
  expect(decide("x^2+1", "x^{2} + 1")).toEqual({ right: true, rule: "LaTeX" });
  expect(decide("x²+1", "x^2+1")).toEqual({ right: true, rule: "LaTeX" });
  expect(decide("x^{2}3", "x^23")).toBeNull();
  expect(decide("$\\left(x+1\\right)^2$", "(x + 1)^2")).toEqual({ right: true, rule: "LaTeX" });
});

describe("boxes", () => {
  test.each([
    ["So it is \\boxed{\\frac{1}{2}}.", "0.5", true, "number in a box"],
    ["\\boxed{B}", "B", true, "choice in a box"],
    ["\\boxed{4}", "5", false, "number in a box"],
    ["\\boxed{4} or \\boxed{5}", "5", false, "several boxes"],
    ["\\boxed{5} = \\boxed{5}", "5", true, "case in a box"],
  ])("%s for %s", (answer, gold, right, rule) => {
    const verdict = decide(answer, gold)!;
    // A single letter is the same text before it is the same choice.
    expect(verdict).toEqual({ right, rule: rule === "choice in a box" ? "case in a box" : rule });
  });

  test("a box that is never closed is none", () => expect(decide("\\boxed{5", "6")).toBeNull());
});

describe("choices", () => {
  const question = "What colour is it?\nA. red\nB. blue";
  test.each([
    ["It is option B", "B", true],
    ["**B**", "(B)", true],
    ["Option b.", "B. blue", true],
    ["blue", "B", true],
    ["The blue", "B", true],
    ["red", "B", false],
    ["B", "blue", true],
    ["A", "blue", false],
    ["A) red", "B", false],
  ])("%s for %s: %s", (answer, gold, right) => {
    expect(decide(answer, gold, question)).toEqual({ right, rule: "choice" });
  });

  test("letter and text that disagree are for a judge", () => expect(decide("B. red", "B", question)).toBeNull());
  test("a text that is no option is for a judge", () => expect(decide("bluish", "B", question)).toBeNull());
});

describe("words", () => {
  test.each([
    ["Yes", "Yes, the kite is brown and large.", "Is the kite brown and large?", true, "yes or no"],
    ["no, it isn't.", "No, the spots are on a banana.", "Are the spots on a giraffe?", true, "yes or no"],
    ["No.", "Yes, the man phone is both blue and closed.", "Is it?", false, "yes or no"],
    ["No, the kite is red", "Yes, the kite is brown", "Is the kite brown?", false, "yes or no"],
    ["tan", "The countertop is tan.", "Is the countertop tan or blue?", true, "one of two"],
    ["It is blue.", "The countertop is tan.", "Is the countertop tan or blue?", false, "one of two"],
    [
      "left",
      "The woman is to the left of the man.",
      "Is the woman to the left or to the right of the man?",
      true,
      "one of two",
    ],
    ["on the right side", "The barrier is on the left.", "On which side is the barrier?", false, "side"],
    ["Left", "The barrier is on the left side of the picture.", "On which side of the picture is it?", true, "side"],
    ["pink", "The towel is blue.", "What color is the towel?", false, "colour"],
    ["white and black", "It is black and white.", "What colour is the dog?", true, "colour"],
    ["grey", "The car is gray.", "What color is the car?", true, "colour"],
    ["The red car.", "a red car", "What is on the road?", true, "phrase"],
    ["a tennis racket", "The man is holding a tennis racket.", "What is the man holding?", true, "end of the sentence"],
  ])("%s for %s", (answer, gold, question, right, rule) => {
    expect(decide(answer, gold, question)).toEqual({ right, rule });
  });

  test.each([
    ["Yes, but it is red", "Yes, the kite is brown.", "Is the kite brown?"],
    ["white", "The man is holding a white plate.", "What is the man holding?"],
    ["black", "It is black and white.", "What colour is the dog?"],
    ["beige", "The wall is tan.", "What color is the wall?"],
    ["woman", "The man is to the left of the woman.", "Is the man to the left or to the right of the woman?"],
    ["racket", "The man is holding a tennis racket.", "What is the man holding?"],
    ["blue", "The towel is not blue.", "What color is the towel?"],
    ["left or right", "The barrier is on the left.", "Is the barrier on the left or right?"],
    ["the boy", "The person is not the boy.", "Who is the person?"],
    ["No, it is not blue", "Yes, it is not blue", "Is it not blue?"],
  ])("rules leave %s for %s to others", (answer, gold, question) => {
    expect(decide(answer, gold, question)).toBeNull();
  });
});
