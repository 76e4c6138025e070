import { describe, expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import type { RewardWeights } from "../../../src/reward/rewards/reward_function.ts";
import { rollout, zoomCall } from "../../support/rollouts.ts";
import { rewardsOf, weights } from "../../support/scored.ts";

const direct = { right: rollout(), wrong: rollout({ answer: "4" }) };
const zoomed = { right: rollout({ calls: [zoomCall()] }), wrong: rollout({ calls: [zoomCall()], answer: "4" }) };
const failed = rollout({ calls: [zoomCall({ outcome: "bad_box", boxSourcePx: undefined })] });
const malformed = rollout({ end: "malformed", answer: null });

async function scored(one: Rollout, changes: Partial<RewardWeights> = {}) {
  const [reward] = await rewardsOf([one], { weights: { ...weights, ...changes } });
  return reward;
}

describe("own weights", () => {
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
  ])("conditional bonus: %s", async (_, one, parts, total) => {
    expect(await scored(one)).toMatchObject({ parts, total });
  });

  test("unconditional bonus pays for any zoom that was carried out", async () => {
    const paid = await Promise.all(
      [zoomed.right, zoomed.wrong, failed, direct.right].map((one) => scored(one, { bonus: "unconditional" })),
    );
    expect(paid.map((reward) => reward?.parts.zoom)).toEqual([1.2, 1.2, 0, 0]);
  });

  test("no bonus pays for none", async () => {
    expect((await scored(zoomed.right, { bonus: "none" }))?.parts).toEqual({ answer: 0.8, format: 0, zoom: 0 });
  });

  test("says whether the answer is right even where nothing is paid for it", async () => {
    const free = { answerWeight: 0, formatWeight: 0 };
    const parts = { answer: 0, format: 0, zoom: 0 };
    expect(await scored(direct.right, free)).toEqual({ parts, total: 0, right: true, verdict: "exact" });
    expect(await scored(malformed, free)).toEqual({ parts, total: 0, right: false, verdict: "no answer" });
  });

  test("takes the verdict of another judge", async () => {
    expect(await rewardsOf([direct.wrong], { verdicts: [{ right: true, rule: "judge" }] })).toMatchObject([
      { total: 0.8, right: true, verdict: "judge" },
    ]);
  });

  test("a rollout that ended with an error has no reward", async () => {
    expect(await scored(rollout({ end: "error", error: "lost", answer: null }))).toBeNull();
  });
});
