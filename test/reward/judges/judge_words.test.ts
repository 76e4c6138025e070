import { afterEach, describe, expect, test } from "vitest";
import type { JudgeWords } from "../../../src/agent/rollout.ts";
import { keptWords, shortenedWords } from "../../../src/reward/judges/judge_words.ts";
import { openJudge, rulesJudge } from "../../../src/reward/judges/remote_judge.ts";
import { memoryCache } from "../../../src/reward/judges/verdict_cache.ts";
import { scoreRollouts } from "../../../src/reward/rewards/score_rollouts.ts";
import { rollout as readRollout } from "../../../src/train/rollout_schema.ts";
import { type FakeJudge, type FakeJudgeOptions, openFakeJudge } from "../../support/fake_judge.ts";
import { needleTask, rollout } from "../../support/rollouts.ts";

const open: FakeJudge[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

const key = "sk-words-1234567890";
const task = { ...needleTask, source: "deepeyes", answer: "a bowl of cherries", question: "What is it?" };

import { weights } from "../../support/scored.ts";

async function judgeThat(behave: FakeJudgeOptions["behave"], judge = "hardened", cache = memoryCache()) {
  const fake = await openFakeJudge({ behave, key });
  open.push(fake);
  const settings = { url: fake.url, model: "fake", key, judge, backoffMs: 1, timeoutMs: 300, retries: 0 };
  return openJudge({ ...settings, canaryRate: 1 }, { random: () => 0.5, cache });
}

/** The words that stand in a rollout that answered so, once it is scored. */
async function wordsOf(judge: ReturnType<typeof rulesJudge>, answer: string): Promise<JudgeWords | undefined> {
  const one = { ...rollout({ answer }), response: { plain: `<answer>${answer}</answer>` } };
  await scoreRollouts([one], task, judge, { weights });
  return one.judged?.words;
}

describe("what a judge was asked and said stands in the rollout", () => {
  test("with its time, and not that of the canary beside it", async () => {
    const says = ({ index }: { index: number }) =>
      ({ kind: "reply", text: `{"verdict": ${index % 2}}`, afterMs: 30 }) as const;
    const words = (await wordsOf(await judgeThat(says), "cherries"))!;
    expect(words.model).toBe("fake");
    expect(words.prompt).toMatch(/^system:\nYou compare/);
    expect(words.prompt).toContain('"candidate":"cherries"');
    expect(words.reply).toMatch(/"verdict"/);
    expect(words.latencyMs).toBeGreaterThanOrEqual(25);
  });

  test("without a time where the reply comes from the cache", async () => {
    const cache = memoryCache();
    const judge = await judgeThat(() => ({ kind: "reply", text: '{"verdict": 1}' }), "hardened", cache);
    await wordsOf(judge, "cherries");
    const again = (await wordsOf(judge, "cherries"))!;
    expect(again.reply).toBe('{"verdict": 1}');
    expect(again).not.toHaveProperty("latencyMs");
  });

  test("also where the reply is no verdict, and where none came", async () => {
    expect((await wordsOf(await judgeThat(() => ({ kind: "reply", text: "who knows" })), "cherries"))!.reply).toBe(
      "who knows",
    );
    const silent = (await wordsOf(await judgeThat(() => ({ kind: "status", status: 500 })), "cherries"))!;
    expect(silent.reply).toBeNull();
    expect(silent.prompt).toContain("cherries");
  });

  test("of an original too", async () => {
    const words = (await wordsOf(
      await judgeThat(() => ({ kind: "reply", text: "Judgement: 1" }), "verl"),
      "cherries",
    ))!;
    expect(words.reply).toBe("Judgement: 1");
    expect(words.prompt).toContain("cherries");
  });

  test("and nothing where no model is asked", async () => {
    expect(await wordsOf(rulesJudge(), "cherries")).toBeUndefined();
    const judge = await judgeThat(() => ({ kind: "reply", text: '{"verdict": 1}' }));
    expect(await wordsOf(judge, "a bowl of cherries")).toBeUndefined();
  });

  test("never the key, however a server writes it", async () => {
    const escaped = [...key].map((sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
    const body = `{"choices":[{"message":{"content":"{\\"verdict\\": 1} ${escaped}"},"finish_reason":"stop"}]}`;
    for (const said of [
      { kind: "reply", text: `{"verdict": 1} ${key}` } as const,
      { kind: "raw", body, headers: { "Content-Type": "application/json" } } as const,
    ]) {
      const words = await wordsOf(await judgeThat(() => said), "cherries");
      expect(words!.reply).toContain("[key]");
      expect(JSON.stringify(words)).not.toContain(key);
    }
  });
});

test("long texts keep their beginning and more of their end, and no half of a sign", () => {
  const text = `begin ${"😀".repeat(5000)} end`;
  const words = keptWords(
    { messages: [{ role: "user", content: text }], temperature: 0 },
    { model: "m", reply: text, latencyMs: null },
  );
  for (const [kept, most] of [
    [words.prompt, 3100],
    [words.reply!, 2100],
  ] as const) {
    expect(kept.length).toBeLessThan(most);
    expect(kept).toMatch(/begin 😀+\n\[\d+ characters left out\]\n😀+ end$/u);
    expect(kept).not.toContain("\uFFFD");
  }
  expect(shortenedWords("short", 10)).toBe("short");
});

test("a log with and without words is read", () => {
  const words = { model: "m", prompt: "user:\nright?", reply: null };
  const plain = { ...rollout({ answer: "7" }), judged: { verdict: null } };
  const ignore = () => {};
  expect(readRollout(plain, "", ignore).judged).toEqual({ verdict: null });
  expect(readRollout({ ...plain, judged: { verdict: null, words } }, "", ignore).judged!.words).toEqual(words);
});
