import { expect, test } from "vitest";
import { legible } from "../../../src/reward/rewards/legible.ts";
import { rollout, zoomCall } from "../../support/rollouts.ts";
import { rewardsOf, weights } from "../../support/scored.ts";

const parts = async (changes: Parameters<typeof rollout>[0], bonus = weights.bonus) => {
  const [reward] = await rewardsOf([rollout(changes)], { reward: legible, weights: { ...weights, bonus } });
  return reward?.parts ?? null;
};

test("a crop in which the answer was read is paid beside a right answer", async () => {
  expect(await parts({ calls: [zoomCall({ legible: false }), zoomCall({ legible: true })] })).toEqual({
    answer: 0.8,
    format: 0,
    legible: 1.2,
  });
  expect(await parts({ calls: [zoomCall({ legible: true })], answer: "none" })).toMatchObject({
    answer: 0,
    legible: 0,
  });
  expect(await parts({ calls: [zoomCall({ legible: true })], answer: "none" }, "unconditional")).toMatchObject({
    legible: 1.2,
  });
});

test("a zoom that shows something else is not, nor an answer without one, nor a call that failed", async () => {
  expect(await parts({ calls: [zoomCall({ legible: false })] })).toMatchObject({ answer: 0.8, legible: 0 });
  expect(await parts({})).toMatchObject({ answer: 0.8, legible: 0 });
  expect(await parts({ calls: [zoomCall({ outcome: "bad_box" })] })).toMatchObject({ legible: 0 });
});

test("a crop that nobody read gives no reward rather than a wrong one", async () => {
  expect(await parts({ calls: [zoomCall()] })).toBeNull();
});
