import { expect, test } from "vitest";
import { judgeUse, judgeUseText } from "../../../src/app/judge/judge_use.ts";

test("what a run asked of its judge is added up over its steps", () => {
  const use = judgeUse([
    { "judge/calls": 1000, "judge/prompt_tokens": 500_000, "judge/reply_tokens": 4000, "judge/cost": 0.1 },
    { "judge/calls": 204, "judge/prompt_tokens": 100, "judge/reply_tokens": 1, "judge/cost": 0.02 },
    { "judge/calls": 0, reward: 1 },
  ]);
  expect(judgeUseText(use!)).toBe("1,204 requests, 500,100 + 4,001 tokens, cost 0.12");
});

test("what its server does not say is not made up", () => {
  const use = judgeUse([{ "judge/calls": 1, "judge/disagreement": 0.5 }, { "judge/calls": Number.NaN }]);
  expect(judgeUseText(use!)).toBe("1 request, tokens not said by its server, votes differ on 50.0 % of the answers");
  expect(judgeUse([{ reward: 1 }, { "judge/calls": 0 }])).toBeNull();
});
