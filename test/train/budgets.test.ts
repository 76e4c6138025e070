import { expect, test } from "vitest";
import { noCalls } from "../../src/connection/server_connection.ts";
import { usedUp } from "../../src/train/budgets.ts";
import { resolveConfig } from "../../src/train/config.ts";

const used = (calls: number, cost = 0) => {
  const connection = noCalls();
  return { connection: { ...connection, calls, tokens: { ...connection.tokens, cost } } };
};

test("no budget is used up unless one is set", () => {
  expect(usedUp(resolveConfig({}), 1e12, used(1e12, 1e12))).toBeNull();
  const asking = resolveConfig({ judgeUrl: "http://127.0.0.1:9/v1" });
  expect(usedUp(asking, 1e12, used(999_999, 1e12))).toBeNull();
});

test("a budget of minutes, of requests, of cost", () => {
  const timed = resolveConfig({ timeBudget: 1.5 });
  expect(usedUp(timed, 89_999, used(0))).toBeNull();
  expect(usedUp(timed, 90_000, used(0))).toContain("time budget of 1.5 min");
  const asking = resolveConfig({ judgeUrl: "http://127.0.0.1:9/v1", judgeBudget: 10, judgeSpend: 0.5 });
  expect(usedUp(asking, 0, used(9, 0.4999))).toBeNull();
  expect(usedUp(asking, 0, used(10))).toContain("asked 10 times");
  expect(usedUp(asking, 0, used(1, 0.51234))).toContain("cost 0.512, of 0.5");
});
