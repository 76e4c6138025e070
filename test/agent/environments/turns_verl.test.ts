import { expect, test } from "vitest";
import { VerlTurns } from "../../../src/agent/environments/turns_verl.ts";

const limits = { responseTokens: 100, assistantTurns: 3, userTurns: 0 };

test("a call in the last allowed turn is not carried out", () => {
  const turns = new VerlTurns(limits);
  for (let i = 0; i < 2; i++) {
    expect(turns.generated(10, 1)).toBeNull();
    expect(turns.observed(5)).toBeNull();
  }
  expect(turns.generated(10, 1)).toBe("max_assistant_turns");
  expect(turns).toMatchObject({ executedCalls: 2, turns: 6, responseTokens: 40, observationTokens: 10 });
});

test("an observation must leave room for a token, a turn need not", () => {
  const turns = new VerlTurns(limits);
  expect(turns.generated(50, 1)).toBeNull();
  expect(turns.observed(50)).toBe("observation_does_not_fit");
  expect(turns).toMatchObject({ executedCalls: 1, userTurns: 0, responseTokens: 50 });
  expect(new VerlTurns(limits).generated(130, 1)).toBe("response_length");
});

test("limits of 0 are none; those of user turns count what was appended", () => {
  const turns = new VerlTurns({ responseTokens: 1e6, assistantTurns: 0, userTurns: 2 });
  expect([turns.generated(1, 1), turns.observed(1), turns.generated(1, 1), turns.observed(1)]).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(turns.generated(1, 1)).toBe("max_user_turns");
});
