import { describe, expect, test } from "vitest";
import {
  scoreAsDeepEyes,
  scoreMathAsDeepEyes,
  scoreReasoningAsDeepEyes,
} from "../../../src/app/conformance/original_scores.ts";
import { verdictAsDeepEyes } from "../../../src/reward/judges/deepeyes.ts";
import { equivalenceAsDeepEyes } from "../../../src/reward/judges/deepeyes_common.ts";
import { judgeRequestAsDeepEyes, mathRequest, reasoningRequest } from "../../../src/reward/judges/deepeyes_prompts.ts";
import { dataKindAsDeepEyes } from "../../../src/reward/responses/deepeyes.ts";
import { originals } from "../../support/originals.ts";

const asked = { question: "Q?", goldAnswer: "gold" };
const says = (reply: string | null) => async () => {
  if (reply === null) throw new Error("no judge");
  return reply;
};
const equal = (gold: string, answer: string) => gold === answer;

describe("the three rewards", () => {
  const cases = originals("response");
  const agree = async (
    field: "deepeyes" | "reasoning" | "math",
    score: (one: (typeof cases)[number]) => Promise<number>,
  ) => {
    expect(new Set(cases.map((one) => one[field])).size).toBeGreaterThan(3);
    for (const one of cases) {
      const got = await score(one).catch(() => "EXC" as const);
      if (one[field] === "EXC") expect(got, one.response).toBe("EXC");
      else expect(got, one.response).toBeCloseTo(one[field], 9);
    }
  };
  test("for pictures", () => agree("deepeyes", (one) => scoreAsDeepEyes(one.response, asked, says(one.reply))));
  test("for reasoning", () =>
    agree("reasoning", (one) => scoreReasoningAsDeepEyes(one.response, asked, says(one.reply))));
  test("for mathematics", () =>
    agree("math", (one) =>
      scoreMathAsDeepEyes(one.response, { question: "Q?", goldAnswer: "42" }, equal, says(one.reply)),
    ));

  test("go by the source of the data", () => {
    expect(["vstar", "chart", "geoguessr", "thinklite_eureka"].map(dataKindAsDeepEyes)).toEqual([
      "vision",
      "vision",
      "reasoning",
      "math",
    ]);
    expect(dataKindAsDeepEyes("needle")).toBe("vision");
  });

  test("ask the judge of reasoning up to eight times for a clear word", async () => {
    let calls = 0;
    const judge = async () => (++calls < 8 ? "TRUE or FALSE" : "## Equivalence Judgement\nTRUE");
    expect(await scoreReasoningAsDeepEyes("<answer>a</answer>", asked, judge)).toBeCloseTo(0.8, 9);
    expect(calls).toBe(8);
  });
});

test("verdicts", () => {
  expect(["1", "0", "Judgement: 10", "1.", " 1\n", "Yes", "Judgement: 1 Judgement: 0"].map(verdictAsDeepEyes)).toEqual([
    1, 0, 1, 0, 1, 0, 0,
  ]);
  expect(["## Equivalence Judgement\nTRUE", "[False]", "TRUE or FALSE", ""].map(equivalenceAsDeepEyes)).toEqual([
    true,
    false,
    null,
    null,
  ]);
});

test("requests end with the case", () => {
  const { messages, temperature } = judgeRequestAsDeepEyes("ours", asked);
  expect(messages[0]).toEqual({ role: "system", content: "You are a helpful assistant." });
  expect(messages[1]!.content).toMatch(
    /\n\[Question\]: Q\?\n\[Standard Answer\]: gold\n\[Model_answer\] : ours\nJudgement:$/,
  );
  expect(messages[1]!.content.match(/Judgement: [01]/g)).toHaveLength(7);
  expect(temperature).toBe(0.3);
  for (const [request, degrees] of [
    [reasoningRequest, 0.5],
    [mathRequest, 0],
  ] as const) {
    const made = request("ours", asked);
    expect(made.temperature).toBe(degrees);
    expect(made.messages[0]!.content).toMatch(
      /\*\*Question\*\*:\nQ\?\n\n\*\*Reference Answer\*\*\ngold\n\n## Student Final Answer\nours$/,
    );
  }
});
