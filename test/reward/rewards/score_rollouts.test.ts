import { expect, test } from "vitest";
import type { JudgeCounts } from "../../../src/reward/judges/counts.ts";
import type { AnswerJudge, Asked } from "../../../src/reward/judges/judge.ts";
import { scoreAgain, scoreRollouts } from "../../../src/reward/rewards/score_rollouts.ts";
import { needleTask, rollout } from "../../support/rollouts.ts";

import { weights } from "../../support/scored.ts";

const task = { ...needleTask, source: "deepeyes", answer: "a bowl", question: "What is it?" };

/** Gives the verdicts of a script, by answer; null where no verdict can be had. */
function scripted(name: AnswerJudge["name"], verdicts: Record<string, boolean | null>) {
  const questions: Asked[] = [];
  const judge: AnswerJudge = {
    name,
    counts: {} as JudgeCounts,
    verdict: async (asked) => {
      questions.push(asked);
      const right = verdicts[String(asked.answer)];
      return right === null || right === undefined ? null : { right, rule: "script" };
    },
  };
  return { judge, questions };
}

test("scores a group; what has no verdict stays null and is judged later by the same call", async () => {
  const group = [
    rollout({ answer: "bowl" }),
    rollout({ answer: "cup" }),
    rollout({ answer: "?" }),
    rollout({ end: "error", answer: null }),
  ];
  const { judge } = scripted("hardened", { bowl: true, cup: false });
  await scoreRollouts(group, task, judge, { weights });
  expect(group.map((one) => one.reward?.total ?? null)).toEqual([0.8, 0, null, null]);
  expect(group[0]?.reward).toMatchObject({ right: true, verdict: "script" });
  await scoreRollouts(group, task, scripted("hardened", { bowl: true, cup: false, "?": true }).judge, { weights });
  expect(group.map((one) => one.reward?.total ?? null)).toEqual([0.8, 0, 0.8, null]);
});

test("a judge without chance is asked once per answer, the originals once per rollout", async () => {
  const group = () => ["bowl", "bowl", "cup"].map((answer) => rollout({ answer }));
  const fixed = scripted("hardened", { bowl: true, cup: false });
  await scoreRollouts(group(), task, fixed.judge, { weights });
  expect(fixed.questions.map(({ answer }) => answer)).toEqual(["bowl", "cup"]);
  const original = scripted("verl", { bowl: true, cup: false });
  const whole = group().map((one) => ({ ...one, response: { plain: `<answer>${one.answer}</answer>` } }));
  await scoreRollouts(whole, task, original.judge, { weights });
  expect(original.questions).toHaveLength(3);
  expect(original.questions[0]).toEqual({
    question: "What is it?",
    goldAnswer: "a bowl",
    answer: "bowl",
    response: "<answer>bowl</answer>",
    source: "deepeyes",
  });
});

test("a reward of the table takes the place of the weights", async () => {
  const group = [rollout({ answer: "bowl" })];
  await scoreRollouts(group, task, scripted("hardened", { bowl: true }).judge, { weights, reward: "chain-of-focus" });
  expect(group[0]?.reward?.parts).toEqual({ answer: 0.9, format: 0.1 });
});

test("thyme asks whether right answers follow from their thoughts, and leaves out those of which nobody can say", async () => {
  const group = [rollout({ answer: "bowl" }), rollout({ answer: "cup" }), rollout({ answer: "a bowl" })];
  const { judge } = scripted("hardened", { bowl: true, cup: false, "a bowl": true });
  const thoughts: string[] = [];
  const asking = {
    ...judge,
    verdict: judge.verdict.bind(judge),
    consistent: async (thought: string, answer: string) => {
      thoughts.push(`${thought} -> ${answer}`);
      return answer === "bowl" ? true : null;
    },
  };
  for (const one of group) one.response = { plain: `<think>round</think><answer>${one.answer}</answer>` };
  await scoreRollouts(group, task, asking, { weights, reward: "thyme" });
  expect(thoughts).toEqual(["<think>round</think><answer> -> bowl", "<think>round</think><answer> -> a bowl"]);
  expect(group.map((one) => one.reward?.total ?? null)).toEqual([2, 0.5, null]);
});

test("keeps what the judge found, by which the same rollouts are scored again", async () => {
  const group = [rollout({ answer: "bowl" }), rollout({ answer: "?" }), rollout({ end: "error", answer: null })];
  const { judge } = scripted("hardened", { bowl: true });
  await scoreRollouts(group, task, judge, { weights, failure: "zero" });
  expect(group.map((one) => one.judged)).toEqual([
    { verdict: { right: true, rule: "script" } },
    { verdict: null },
    undefined,
  ]);
  expect(group.map((one) => one.reward?.total ?? null)).toEqual([0.8, 0, null]);
  await scoreAgain(group, task, { weights: { ...weights, answerWeight: 2 } });
  expect(group.map((one) => one.reward?.total ?? null)).toEqual([2, null, null]);
});

test.each([
  ["a judge that reads responses", "verl", "weights"],
  ["a reward that does", "hardened", "deepeyes"],
] as const)("%s says so where there are none", async (_, name, reward) => {
  const group = [rollout({ answer: "bowl" })];
  await expect(scoreRollouts(group, task, scripted(name, { bowl: true }).judge, { weights, reward })).rejects.toThrow(
    "Expected the text of each response",
  );
});
