import { describe, expect, test } from "vitest";
import { type RewardWeights, score } from "../../../src/reward/rewards/reward.ts";
import { needleTask, rollout, zoomCall } from "../../support/rollouts.ts";

const weights: RewardWeights = { answerWeight: 0.8, formatWeight: 0.2, bonusWeight: 1.2, bonus: "conditional" };
const direct = { right: rollout(), wrong: rollout({ answer: "4" }) };
const zoomed = { right: rollout({ calls: [zoomCall()] }), wrong: rollout({ calls: [zoomCall()], answer: "4" }) };
const failed = rollout({ calls: [zoomCall({ outcome: "bad_box", boxSourcePx: undefined })] });
const malformed = rollout({ end: "malformed", answer: null });

describe("score", () => {
  test.each([
    ["right, direct", direct.right, { answer: 0.8, format: 0, zoom: 0 }, 0.8],
    ["wrong, direct", direct.wrong, { answer: 0, format: 0, zoom: 0 }, 0],
    ["right after a zoom", zoomed.right, { answer: 0.8, format: 0, zoom: 1.2 }, 2],
    ["wrong after a zoom", zoomed.wrong, { answer: 0, format: 0, zoom: 0 }, 0],
    ["right after a zoom that failed", failed, { answer: 0.8, format: 0, zoom: 0 }, 0.8],
    ["malformed", malformed, { answer: 0, format: -0.2, zoom: 0 }, -0.2],
    ["too long", rollout({ end: "length", answer: null }), { answer: 0, format: -0.2, zoom: 0 }, -0.2],
    [
      "too many calls",
      rollout({ end: "turns", answer: null, calls: [zoomCall()] }),
      { answer: 0, format: -0.2, zoom: 0 },
      -0.2,
    ],
  ])("conditional bonus: %s", (_, one, parts, total) => {
    expect(score(one, needleTask, weights)).toMatchObject({ parts, total });
  });

  test("unconditional bonus pays for any zoom that was carried out", () => {
    const pay = (one: typeof failed) => score(one, needleTask, { ...weights, bonus: "unconditional" })!.parts.zoom;
    expect([zoomed.right, zoomed.wrong, failed, direct.right].map(pay)).toEqual([1.2, 1.2, 0, 0]);
  });

  test("no bonus pays for none", () => {
    expect(score(zoomed.right, needleTask, { ...weights, bonus: "none" })!.parts).toEqual({
      answer: 0.8,
      format: 0,
      zoom: 0,
    });
  });

  test("says whether the answer is right even where nothing is paid for it", () => {
    const free = { ...weights, answerWeight: 0, formatWeight: 0 };
    expect(score(direct.right, needleTask, free)).toEqual({
      parts: { answer: 0, format: 0, zoom: 0 },
      total: 0,
      right: true,
      verdict: "exact",
    });
    expect(score(malformed, needleTask, free)).toEqual({
      parts: { answer: 0, format: 0, zoom: 0 },
      total: 0,
      right: false,
      verdict: "no answer",
    });
  });

  test("takes the verdict of another judge", () => {
    expect(score(direct.wrong, needleTask, weights, { right: true, rule: "judge" })).toMatchObject({
      total: 0.8,
      right: true,
      verdict: "judge",
    });
  });

  test("what the world failed has no reward", () => {
    expect(score(rollout({ end: "error", error: "lost", answer: null }), needleTask, weights)).toBeNull();
  });
});
