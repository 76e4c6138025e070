import { expect, test } from "vitest";
import { readReplyBody } from "../../src/connection/reply_stream.ts";
import { addUse, noUse } from "../../src/connection/usage.ts";

const free = { prompt: 0, reply: 0 };
const useOf = (answers: readonly unknown[], prices = free) => {
  const use = noUse();
  for (const answer of answers) addUse(use, answer, prices);
  return use;
};

test("tokens are added up as servers count them", () => {
  const usage = { prompt_tokens: 400, completion_tokens: 5, total_tokens: 405 };
  expect(useOf([{ usage }, { usage }])).toEqual({ counted: 2, promptTokens: 800, replyTokens: 10, cost: 0 });
  expect(useOf([{ usage: { prompt_tokens: 3 } }])).toEqual({ counted: 1, promptTokens: 3, replyTokens: 0, cost: 0 });
});

test("they cost what was said they do, else what the server says", () => {
  const answer = { usage: { prompt_tokens: 2_000_000, completion_tokens: 100_000, cost: 0.7 } };
  expect(useOf([answer], { prompt: 0.25, reply: 2 }).cost).toBeCloseTo(0.5 + 0.2, 12);
  expect(useOf([answer]).cost).toBe(0.7);
});

test.each([
  null,
  [],
  "usage",
  {},
  { usage: null },
  { usage: [1] },
  { usage: { prompt_tokens: "12" } },
  { usage: { prompt_tokens: -1 } },
  { usage: { prompt_tokens: 1.5 } },
  { usage: { prompt_tokens: 1e300, completion_tokens: 1 } },
])("%j counts nothing", (answer) => {
  expect(useOf([answer], { prompt: 1, reply: 1 })).toEqual(noUse());
});

test("a cost that is none is not taken", () => {
  for (const cost of [-1, Number.NaN, 1e300, "3"])
    expect(useOf([{ usage: { prompt_tokens: 1, completion_tokens: 1, cost } }]).cost).toBe(0);
});

test("a stream says it behind its pieces", () => {
  const stream = [
    'data: {"choices":[{"delta":{"content":"VERDICT: 1"}}],"usage":null}',
    'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}',
    'data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":4}}',
    "data: [DONE]",
  ].join("\n\n");
  expect(useOf([readReplyBody(stream)])).toMatchObject({ counted: 1, promptTokens: 12, replyTokens: 4 });
});
