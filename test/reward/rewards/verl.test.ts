import { describe, expect, test } from "vitest";
import { scoreAsVerl } from "../../../src/app/conformance/original_scores.ts";
import { judgeRequestAsVerl, verdictAsVerl } from "../../../src/reward/judges/verl.ts";
import { originals } from "../../support/originals.ts";

const asked = { question: "Q?", goldAnswer: "gold" };
const says = (reply: string | null) => async () => {
  if (reply === null) throw new Error("no judge");
  return reply;
};

describe("scoreAsVerl()", () => {
  test("scores as the recipe's own code did", async () => {
    const cases = originals("response");
    expect(new Set(cases.map((one) => one.verl)).size).toBeGreaterThan(4);
    for (const one of cases)
      expect(await scoreAsVerl(one.response, asked, says(one.reply)), one.response).toBeCloseTo(one.verl as number, 9);
  });

  test("pays for a call that was only written, as the original does", async () => {
    expect(await scoreAsVerl("<tool_call>x</tool_call><answer>red</answer>", asked, says("CORRECT"))).toBe(2);
  });

  test("a judge that fails costs the format too", async () => {
    expect(await scoreAsVerl("<think>", asked, says(null))).toBe(0);
  });
});

test("verdicts are whole words in any case", () => {
  expect(["CORRECT", "correct.", "NOT CORRECT", "INCORRECT", "UNCORRECT", ""].map(verdictAsVerl)).toEqual([
    1, 1, 1, 0, 0, 0,
  ]);
});

test("the request holds question, gold and answer in their places", () => {
  const { messages, temperature, extra } = judgeRequestAsVerl("ours", asked);
  expect(messages.map((message) => message.role)).toEqual(["system", "user"]);
  expect(messages[1]!.content).toMatch(
    /\[Question\]: Q\?\n\[Standard Answer\]: gold\n\[Model's Answer\]: ours\n\[Your Judgement\]:$/,
  );
  expect({ temperature, extra }).toEqual({
    temperature: 0.1,
    extra: { chat_template_kwargs: { enable_thinking: false } },
  });
});
