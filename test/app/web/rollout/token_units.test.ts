import { describe, expect, it } from "vitest";
import type { Rollout } from "../../../../src/agent/rollout.ts";
import {
  cursorAt,
  nextTool,
  nextTurn,
  previousTool,
  previousTurn,
  start,
  textByIds,
  unitsOf,
} from "../../../../src/app/web/rollout/token_units.ts";

const texts = ["hello", "<|image_pad|>", "7"];
/** prompt: hello, picture of 3 | model: 7 7 | tool: picture of 2, hello | model: 7 */
const rollout = {
  segments: [
    { source: "prompt", tokens: [0, 1, 1, 1], logprobs: [], entropies: [], images: [0] },
    { source: "model", tokens: [2, 2], logprobs: [-1, -2], entropies: [0.5, 0.6], images: [] },
    { source: "tool", tokens: [1, 1, 0], logprobs: [], entropies: [], images: [1] },
    { source: "model", tokens: [2], logprobs: [-3], entropies: [0.7], images: [] },
  ],
} as unknown as Rollout;
const units = unitsOf(rollout, (token) => texts[token]!);

describe("units of a rollout", () => {
  it("are tokens, and pictures as one", () => {
    expect(units.map(({ first, tokens, picture, logprob }) => [first, tokens, picture, logprob])).toEqual([
      [0, 1, null, null],
      [1, 3, 0, null],
      [4, 1, null, -1],
      [5, 1, null, -2],
      [6, 2, 1, null],
      [8, 1, null, null],
      [9, 1, null, -3],
    ]);
  });

  it("are found by how many tokens have been seen", () => {
    expect([0, 1, 2, 4, 5, 8, 10, 99].map((seen) => cursorAt(units, seen))).toEqual([0, 0, 1, 1, 2, 4, 6, 6]);
  });

  it("have their ids for texts where there is no tokenizer, and the longest run of one for a picture", () => {
    const pictured = { segments: [{ images: [0], tokens: [5, 9, 9, 9, 9, 9, 7, 7, 7, 7] }] } as unknown as Rollout;
    expect([5, 9, 7].map(textByIds(pictured))).toEqual(["‹5›", "<|image_pad|>", "‹7›"]);
    // Three of a kind may be text.
    expect([0, 1, 2].map(textByIds(rollout))).toEqual(["‹0›", "‹1›", "‹2›"]);
  });

  it("know no number where a log has none", () => {
    const broken = {
      segments: [{ ...rollout.segments[1]!, logprobs: [Number.NaN], entropies: [] }],
    } as unknown as Rollout;
    expect(unitsOf(broken, String).map(({ logprob, entropy }) => [logprob, entropy])).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  it("say which of the model's tokens are in no loss, or in another rollout's", () => {
    const untrained = (changes: Partial<Rollout>) =>
      unitsOf({ ...rollout, ...changes }, (token) => texts[token]!).flatMap(({ first, untrained }) =>
        untrained ? [first] : [],
      );
    expect(untrained({})).toEqual([]);
    expect(untrained({ continues: { rollout: "1·0·0", token: 5 } })).toEqual([4]);
    expect(untrained({ continuedAt: 5 })).toEqual([5, 9]);
  });

  it("let the cursor start before the model's first token", () => {
    expect(start(units)).toBe(1);
  });

  it("are stepped through turn by turn", () => {
    expect([nextTurn(units, 0), nextTurn(units, 2), nextTurn(units, 3), nextTurn(units, 6)]).toEqual([3, 3, 6, 6]);
    expect([previousTurn(units, 6), previousTurn(units, 5), previousTurn(units, 3)]).toEqual([3, 3, 0]);
  });

  it("are stepped through to the tool, and stay where there is none", () => {
    expect([nextTool(units, 0), nextTool(units, 5)]).toEqual([5, 5]);
    expect([previousTool(units, 6), previousTool(units, 5)]).toEqual([5, 5]);
  });
});
