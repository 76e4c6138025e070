import { afterEach, describe, expect, test } from "vitest";
import type { JudgeSettings } from "../../../src/reward/judges/judge.ts";
import { judgeMetrics } from "../../../src/reward/judges/metrics.ts";
import { openJudge } from "../../../src/reward/judges/remote_judge.ts";
import { isSplit, namedModels, votingModels } from "../../../src/reward/judges/votes.ts";
import { type Behaviour, type FakeJudge, openFakeJudge, type Question } from "../../support/fake_judge.ts";

const open: FakeJudge[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

/** A judge whose models reply as they are told. */
async function panel(replies: Record<string, Behaviour>, settings: Partial<JudgeSettings> = {}) {
  const fake = await openFakeJudge({ behave: ({ body }: Question) => replies[body.model] ?? { kind: "empty" } });
  open.push(fake);
  const model = Object.keys(replies).join(", ");
  const url = fake.url;
  const judge = openJudge({ url, model, backoffMs: 1, timeoutMs: 300, retries: 0, canaryRate: 0, ...settings });
  return { fake, judge };
}
const right: Behaviour = { kind: "reply", text: '{"verdict": 1}' };
const wrong: Behaviour = { kind: "reply", text: '{"verdict": 0}' };
const fails: Behaviour = { kind: "status", status: 500 };
const asked = {
  question: "What is on the table?",
  goldAnswer: "A bowl of cherries is on the table.",
  answer: "cherries",
  source: "deepeyes",
};

test("names and how often each votes", () => {
  expect(namedModels(" a, b ,,")).toEqual(["a", "b"]);
  expect(votingModels([], 1)).toEqual([{ model: "", nth: 0 }]);
  expect(votingModels(["a", "b"], 1)).toEqual([
    { model: "a", nth: 0 },
    { model: "b", nth: 0 },
  ]);
  expect(votingModels(["a", "b"], 5).map(({ model, nth }) => `${model}${nth}`)).toEqual(["a0", "b0", "a1", "b1", "a2"]);
  expect(isSplit([{ model: "a", right: true }])).toBe(false);
});

describe("several judges", () => {
  test("most of them decide, and each vote stands in the verdict", async () => {
    const { fake, judge } = await panel({ a: right, b: wrong, c: right });
    expect(await judge.verdict(asked)).toEqual({
      right: true,
      rule: "judge hardened",
      votes: [
        { model: "a", right: true },
        { model: "b", right: false },
        { model: "c", right: true },
      ],
    });
    expect(fake.questions.map(({ body }) => body.model).sort()).toEqual(["a", "b", "c"]);
    expect(judgeMetrics(judge.counts)).toMatchObject({
      "judge/asked": 1,
      "judge/calls": 3,
      "judge/disagreement": 1,
      "judge/approval": 1,
    });
    await judge.verdict({ ...asked, answer: "a bowl full of cherries" });
    const unanimous = await panel({ a: wrong, b: wrong });
    expect((await unanimous.judge.verdict(asked))?.right).toBe(false);
    expect(judgeMetrics(unanimous.judge.counts)["judge/disagreement"]).toBe(0);
  });

  test("a tie is wrong", async () => {
    const { judge } = await panel({ a: right, b: wrong });
    expect(await judge.verdict(asked)).toMatchObject({ right: false });
  });

  test("one without a verdict is left out, half of them is none", async () => {
    const { judge } = await panel({ a: fails, b: right, c: right });
    expect(await judge.verdict(asked)).toMatchObject({
      right: true,
      votes: [
        { model: "a", right: null },
        { model: "b", right: true },
        { model: "c", right: true },
      ],
    });
    const half = await panel({ a: right, b: fails });
    const why: string[] = [];
    expect(await half.judge.verdict(asked, undefined, (sentence) => why.push(sentence))).toBeNull();
    expect(why[0]).toMatch(/failed \(500\)/);
    expect(half.judge.counts).toMatchObject({ failed: 1, byJudge: 0, voted: 0 });
  });

  test("a model that the server does not know ends the run, as one judge alone does", async () => {
    const { judge } = await panel({ a: right, b: { kind: "status", status: 404 }, c: right });
    await judge.verdict(asked);
    expect(judge.counts.unusable).toMatch(/knows no such model/);
  });

  test("rules are not put to the vote", async () => {
    const { fake, judge } = await panel({ a: right, b: right });
    expect(await judge.verdict({ ...asked, answer: asked.goldAnswer })).toEqual({ right: true, rule: "exact" });
    expect(fake.requests).toEqual([]);
  });
});

describe("several votes of one model", () => {
  test("the first is asked as ever, the others sample with seeds of their own", async () => {
    const { fake, judge } = await panel({ a: right }, { votes: 3 });
    const verdict = await judge.verdict(asked);
    expect(verdict?.votes).toHaveLength(3);
    const sent = fake.questions.map(({ body }) => [body.temperature, body.seed]).sort();
    expect(sent).toEqual([
      [0, 0],
      [0.7, 1],
      [0.7, 2],
    ]);
    // All are cached, each by itself.
    await judge.verdict(asked);
    expect(fake.questions).toHaveLength(3);
    expect(judge.counts.fromCache).toBe(3);
  });

  test("the originals are asked so many times", async () => {
    const { fake, judge } = await panel({ a: { kind: "reply", text: "CORRECT" } }, { votes: 3, judge: "verl" });
    expect(await judge.verdict({ ...asked, response: "<answer>cherries</answer>" })).toMatchObject({ right: true });
    expect(fake.questions).toHaveLength(3);
  });

  test("one vote is the judge without votes", async () => {
    const { judge } = await panel({ a: right });
    expect(await judge.verdict(asked)).toEqual({ right: true, rule: "judge hardened" });
    expect(judgeMetrics(judge.counts)["judge/disagreement"]).toBeUndefined();
  });
});
