import { expect, test } from "vitest";
import { percent, worthInWords } from "../../../../src/app/web/labels/worth_words.ts";
import type { AnswerProbabilities } from "../../../../src/train/zoom_worth.ts";

const worth = (gold: Partial<AnswerProbabilities>, called = true) => {
  const whole = { tool: 0.9, blank: 0.1, none: 0.1, ...gold };
  return { rollout: "1·0·0", called, gold: whole, given: whole };
};

test.each([
  [
    {},
    /^The crop made the difference: the right answer “7” has 90 % with the crop, 10 % with grey .* and 10 % without the call\.$/,
  ],
  [{ whole: 0.2 }, /; a second look at the whole picture gives only 20 %\.$/],
  [{ whole: 0.88 }, /; a second look at the whole picture gives 88 % too\.$/],
  [{ none: 0.95 }, /^It would have been right anyway: /],
  [{ tool: 0.2, none: 0.8 }, /^The crop did harm: /],
  [{ tool: 0.12 }, /^The crop made no difference, and the answer is unlikely either way: /],
])("%j in words", (gold, words) => {
  expect(worthInWords(worth(gold), "7")).toMatch(words);
});

test("without a picture there is nothing to take away", () => {
  expect(worthInWords(worth({ tool: 0.3 }, false), "7")).toBe(
    "This rollout got no crop. Probability of the right answer “7”: 30 %.",
  );
});

test("nothing is certain that is not", () => {
  expect([0, 0.001, 0.5, 0.999, 1].map(percent)).toEqual(["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]);
});
