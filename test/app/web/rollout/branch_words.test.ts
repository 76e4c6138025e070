import { expect, test } from "vitest";
import type { Rollout } from "../../../../src/agent/rollout.ts";
import { moved, resized, spanned } from "../../../../src/app/web/rollout/box_moves.ts";
import { answerProbability, changeText, outcomeText } from "../../../../src/app/web/rollout/branch_words.ts";
import { unitsOf } from "../../../../src/app/web/rollout/token_units.ts";
import { type Branch, branchId, branchNumber, rootOf } from "../../../../src/app/worker_api/branch_api.ts";

const picture = { width: 100, height: 80 };

test("a box is moved inside the picture, and keeps a pixel where it is resized", () => {
  expect(moved([10, 10, 30, 30], 5, -3, picture)).toEqual([15, 7, 35, 27]);
  expect(moved([10, 10, 30, 30], -50, 500, picture)).toEqual([0, 60, 20, 80]);
  expect(resized([10, 10, 30, 30], 5, -5, picture)).toEqual([10, 10, 35, 25]);
  expect(resized([10, 10, 30, 30], -500, 500, picture)).toEqual([10, 10, 11, 80]);
  expect(spanned([40, 50], [20, 60], picture)).toEqual([20, 50, 40, 60]);
  // A click at the far corner.
  expect(spanned([100, 80], [100, 80], picture)).toEqual([99, 79, 100, 80]);
});

const texts = ["<p>", "<answer>", "4", "2", "</answer>"];
const rollout = (more: Partial<Rollout> = {}): Rollout => ({
  id: "1·0·0",
  step: 1,
  taskIndex: 0,
  rolloutIndex: 0,
  task: "t",
  segments: [
    { source: "prompt", tokens: [0], logprobs: [], entropies: [], images: [] },
    { source: "model", tokens: [1, 2, 3, 4], logprobs: [-9, -0.5, -0.25, -0.25], entropies: [1, 1, 1, 1], images: [] },
  ],
  calls: [],
  end: "answer",
  answer: "42",
  reward: { parts: {}, total: 1, right: true, verdict: "exact" },
  advantage: null,
  ...more,
});
const units = (of: Rollout) => unitsOf(of, (token) => texts[token]!);

test("an answer is as likely as its tokens and what ends the turn, and unknown where a person wrote it", () => {
  const of = rollout();
  expect(answerProbability(of, units(of))).toBeCloseTo(Math.exp(-1), 12);
  expect(outcomeText(of, 0.5)).toBe("“42” · p = 0.50 · right");
  expect(outcomeText({ ...of, unjudged: "Not judged: why" }, null)).toBe("“42” · not judged");
  expect(outcomeText({ ...of, end: "length", answer: null }, null)).toBe("reached the length limit");
  const typed = rollout();
  typed.segments[1]!.given = [[1, 2]];
  expect(units(typed).map(({ given }) => given ?? false)).toEqual([false, false, true, false, false]);
  expect(answerProbability(typed, units(typed))).toBeNull();
  const none = rollout({ answer: null });
  expect(answerProbability(none, units(none))).toBeNull();
});

test("a branch says what was changed, and whose it is", () => {
  const branch = (what: Branch["what"], tokenText?: string) =>
    changeText({ what, place: 9, ...(tokenText !== undefined && { tokenText }) } as Branch);
  expect(branch({ kind: "token", at: 9, token: 3 }, " a")).toBe("“␣a” as token 10");
  expect(branch({ kind: "text", at: 9, text: "b\n" })).toBe("“b⏎” from token 10 on");
  expect(branch({ kind: "box", at: 9, boxSourcePx: [1, 2, 3.4, 4] })).toBe("looked at (1, 2, 3, 4)");
  expect(branch({ kind: "deny", at: 9 })).toBe("no tool from token 10 on");
  expect(branch({ kind: "result", at: 9, result: { kind: "blank" } })).toBe("given a blank picture");
  expect(branch({ kind: "result", at: 9, result: { kind: "box", boxSourcePx: [0, 0, 9, 9] } })).toBe(
    "given the crop (0, 0, 9, 9)",
  );
  expect(branch({ kind: "question", question: "Which?" })).toBe("asked “Which?”");
  expect([
    rootOf("3·1·0"),
    rootOf(branchId("3·1·0", 12)),
    branchNumber(branchId("3·1·0", 12)),
    branchNumber("3·1·0"),
  ]).toEqual(["3·1·0", "3·1·0", 12, null]);
});
