import { describe, expect, test } from "vitest";
import type { AnswerJudge } from "../../../src/reward/judges/judge.ts";
import { rulesJudge } from "../../../src/reward/judges/remote_judge.ts";
import { defineReward, type RewardFunction, type RewardInput } from "../../../src/reward/rewards/reward_function.ts";
import { scoreAgain, scoreRollouts } from "../../../src/reward/rewards/score_rollouts.ts";
import { needleTask, rollout, zoomCall } from "../../support/rollouts.ts";
import { weights } from "../../support/scored.ts";

const part = { name: "one", label: "one", help: "what was paid for it" } as const;
const about = { label: "Mine", help: "a reward of a test", source: "this test" };
const paying = (score: (input: RewardInput) => unknown, more: Partial<RewardFunction> = {}): RewardFunction =>
  defineReward({ name: "mine", ...about, parts: [part], ...more, score: score as RewardFunction["score"] });

async function scored(reward: RewardFunction, group = [rollout()], judge: AnswerJudge = rulesJudge()) {
  await scoreRollouts(group, needleTask, judge, { reward, weights, decode: (tokens) => tokens.join(" ") });
  return group;
}

describe("a reward that a person defines", () => {
  test("sees the task, the answer, the calls, the turns as text and its group", async () => {
    const seen: unknown[] = [];
    const reward = paying(({ rollout, task, group }) => {
      const { answer, end, calls, turns, text, textWithSpecial } = rollout;
      seen.push({ question: task.question, answer, end, calls: calls.length, turns, text, textWithSpecial });
      return { one: group.length };
    });
    const response = { plain: "9", special: [[1, "<|im_end|>", 1] as [number, string, number]] };
    await scored(reward, [
      rollout({ calls: [zoomCall()], response }),
      rollout({ response }),
      rollout({ end: "error" }),
    ]);
    expect(seen[0]).toEqual({
      question: needleTask.question,
      answer: "9",
      end: "answer",
      calls: 1,
      turns: [{ source: "model", text: "478 57 479 466" }],
      text: "9",
      textWithSpecial: "9<|im_end|>",
    });
    expect(seen).toHaveLength(2);
  });

  test("asks the judge when it calls verdict(), once, and nobody where it does not", async () => {
    const judge = rulesJudge();
    const [unasked] = await scored(
      paying(({ rollout }) => ({ one: rollout.calls.length })),
      [rollout()],
      judge,
    );
    expect(judge.counts.asked).toBe(0);
    expect(unasked?.judged).toBeUndefined();
    // Accuracies are then by the rules.
    expect(unasked?.reward).toEqual({ parts: { one: 0 }, total: 0, right: true, verdict: "exact" });
    const [asked] = await scored(
      paying(async ({ verdict }) => ({ one: Number((await verdict()).right && (await verdict()).right) })),
      [rollout()],
      judge,
    );
    expect(judge.counts.asked).toBe(1);
    expect(asked?.judged).toEqual({ verdict: { right: true, rule: "exact" } });
    expect(asked?.reward?.total).toBe(1);
  });

  test("sums its parts in the order in which it declares them, whatever the order of the score", async () => {
    const names = ["a", "b", "c"].map((name) => ({ ...part, name }));
    const [one] = await scored(paying(() => ({ c: 1, b: -1e16, a: 1e16 }), { parts: names }));
    expect(one?.reward).toMatchObject({ parts: { a: 1e16, b: -1e16, c: 1 }, total: 1 });
    expect(Object.keys(one?.reward?.parts ?? {})).toEqual(["a", "b", "c"]);
    const [other] = await scored(paying(() => ({ c: 1, b: -1e16, a: 1e16 }), { parts: names.toReversed() }));
    expect(other?.reward?.total).toBe(0);
  });

  test("null leaves a rollout out; another is scored", async () => {
    const group = [rollout({ end: "turns", answer: null }), rollout()];
    const paid = await scored(
      paying(({ rollout }) => (rollout.end === "turns" ? null : { one: 1 })),
      group,
    );
    expect(paid.map(({ reward }) => reward?.total ?? null)).toEqual([null, 1]);
  });

  test("a judge without a verdict leaves the reward null, or 0 where the run wants that; the reason stands beside it", async () => {
    const silent: AnswerJudge = {
      ...rulesJudge(),
      verdict: async (_, __, failed) => {
        failed?.("the server is gone");
        return null;
      },
    };
    const reward = paying(async ({ verdict }) => ({ one: (await verdict()).right ? 1 : -1 }));
    const [left] = await scored(reward, [rollout()], silent);
    expect(left).toMatchObject({ reward: null, unjudged: "the server is gone", judged: { verdict: null } });
    const zeroed = rollout();
    await scoreRollouts([zeroed], needleTask, silent, { reward, weights, failure: "zero" });
    expect(zeroed.reward).toEqual({ parts: { one: 0 }, total: 0, right: false, verdict: "no verdict, paid 0" });
    // One that does not wait for the verdict is paid all the same, and nothing is thrown where nobody listens.
    const [paid] = await scored(
      paying(({ verdict }) => {
        void verdict();
        return { one: 2 };
      }),
      [rollout()],
      silent,
    );
    expect(paid?.reward?.total).toBe(2);
  });

  test("is scored again from a log to the same reward", async () => {
    const reward = paying(async ({ rollout, verdict }) => ({
      one: (await verdict()).right ? 0.1 + rollout.calls.length : 0,
    }));
    const [one] = await scored(reward, [rollout({ calls: [zoomCall()] })]);
    const stored = JSON.parse(JSON.stringify(one));
    const again = { ...stored, reward: null };
    await scoreAgain([again], needleTask, { reward, weights });
    expect(again).toEqual(stored);
  });
});

describe("a mistake in a reward ends as one sentence that names it, never as 0", () => {
  test.each([
    [
      "throws",
      () => Promise.reject(new Error("no such file")),
      "The reward mine failed at the rollout 0·0·0: no such file",
    ],
    ["throws what is no error", () => Promise.reject("oh"), "The reward mine failed at the rollout 0·0·0: oh"],
    [
      "not a number",
      () => ({ one: Number.NaN }),
      'The reward mine failed at the rollout 0·0·0: expected a finite number as the part "one", found NaN',
    ],
    [
      "infinite",
      () => ({ one: 1 / 0 }),
      'The reward mine failed at the rollout 0·0·0: expected a finite number as the part "one", found Infinity',
    ],
    [
      "text",
      () => ({ one: "1" }),
      'The reward mine failed at the rollout 0·0·0: expected a finite number as the part "one", found 1',
    ],
    [
      "no part",
      () => ({}),
      'The reward mine failed at the rollout 0·0·0: expected a finite number as the part "one", found none',
    ],
    [
      "another part",
      () => ({ one: 1, two: 1 }),
      'The reward mine failed at the rollout 0·0·0: it gave a part "two" that it does not declare; it declares one',
    ],
    ["a number alone", () => 1, "expected an object with the parts one, found 1"],
    ["nothing", () => undefined, "expected an object with the parts one, found undefined"],
    ["null for a part", () => ({ one: null }), 'the part "one", found null'],
    [
      "turns without a tokenizer",
      ({ rollout }: RewardInput) => ({ one: rollout.turns.length }),
      "Expected the tokenizer",
    ],
  ])("%s", async (_, score, sentence) => {
    const group = [rollout(), rollout()];
    await expect(scoreRollouts(group, needleTask, rulesJudge(), { reward: paying(score), weights })).rejects.toThrow(
      sentence,
    );
    expect(group.map(({ reward }) => reward)).toEqual([null, null]);
  });

  test.each<[string, Partial<RewardFunction>, string]>([
    [
      "a sum that no log can hold",
      { parts: [part, { ...part, name: "two" }] },
      "expected parts whose sum is finite, found Infinity",
    ],
    [
      "right() without an answer",
      { right: () => undefined as never },
      "right() must give true or false, found undefined",
    ],
    [
      "right() that fails",
      {
        right: () => {
          throw new Error("no idea");
        },
      },
      "no idea",
    ],
  ])("%s", async (_, more, sentence) => {
    const score = () => Object.fromEntries((more.parts ?? [part]).map(({ name }) => [name, 1e308]));
    await expect(scored(paying(score, more))).rejects.toThrow(
      `The reward mine failed at the rollout 0·0·0: ${sentence}`,
    );
  });

  test("one that never ends, or fails since it was stopped, holds no run that stops", async () => {
    const stop = new AbortController();
    const group = [rollout(), rollout(), rollout()];
    const reward = paying(() => {
      return new Promise((resolve, reject) => {
        calls++;
        if (calls === 1) resolve({ one: 1 });
        if (calls === 2) stop.signal.addEventListener("abort", () => reject(new Error("stopped")));
      });
    });
    let calls = 0;
    const scoring = scoreRollouts(group, needleTask, rulesJudge(), { reward, weights, signal: stop.signal });
    setTimeout(() => stop.abort(), 10);
    await scoring;
    expect(group.map(({ reward }) => reward?.total ?? null)).toEqual([1, null, null]);
  });

  test("a judge that breaks is not taken for a reward that does", async () => {
    const broken: AnswerJudge = { ...rulesJudge(), verdict: () => Promise.reject(new TypeError("judge broke")) };
    await expect(
      scored(
        paying(async ({ verdict }) => ({ one: Number(await verdict()) })),
        [rollout()],
        broken,
      ),
    ).rejects.toThrow(/^judge broke$/);
  });

  test.each<[string, object, string]>([
    [
      "name",
      { name: "My Reward" },
      'Expected a reward\'s name of small letters, digits, "-" and "_", found "My Reward"',
    ],
    ["label", { label: "" }, 'Expected a text as label of the reward mine, found ""'],
    ["no parts", { parts: [] }, "Expected at least one part of the reward mine, found none"],
    [
      "reserved part",
      { parts: [{ ...part, name: "kl" }] },
      'other than kl, reward, advantage, found "kl" in the reward mine',
    ],
    ["part twice", { parts: [part, part] }, "Expected each part of the reward mine once, found one twice"],
    ["part of nothing", { parts: [null] }, "found undefined in the reward mine"],
    ["part without words", { parts: [{ name: "one" }] }, "Expected a text as label of the part one of the reward mine"],
    ["right", { right: true }, "Expected a function right() in the reward mine, or none, found boolean"],
    ["most", { most: "2" }, "Expected a number or a function of the weights as most of the reward mine, found 2"],
    ["needs", { needs: "response" }, "Expected a list of response, consistency, reader as needs of the reward mine"],
    ["no function", { score: 1 }, "Expected a function score() in the reward mine, found number"],
  ])("defineReward: %s", (_, changes, sentence) => {
    const definition = { name: "mine", ...about, parts: [part], score: () => ({ one: 1 }), ...changes };
    expect(() => defineReward(definition as never)).toThrow(sentence);
  });

  test.each([null, undefined, 3, "mine"])("defineReward: %s is none", (given) => {
    expect(() => defineReward(given as never)).toThrow(
      `Expected a reward, an object with a name, parts and score(), found ${given}`,
    );
  });
});
