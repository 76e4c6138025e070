import { describe, expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import { type RewardName, rewardNames, rewards } from "../../../src/reward/rewards/table.ts";
import { dualIou } from "../../../src/reward/rewards/tree_vgr.ts";
import { needleTask, rollout, zoomCall } from "../../support/rollouts.ts";
import { rewardsOf, weights } from "../../support/scored.ts";

const failedCall = zoomCall({ outcome: "bad_box", boxSourcePx: undefined, iou: undefined });
const right = { right: true, rule: "exact" };
const wrong = { right: false, rule: "exact" };

/** Parts of one rollout in a group with others that are given by their calls. */
async function parts(
  name: RewardName,
  one: Partial<Rollout>,
  verdict: typeof right,
  { others = [], consistent }: { others?: Rollout[]; consistent?: boolean } = {},
) {
  const group = [rollout(one), ...others];
  const verdicts = group.map((_, i) => (i === 0 ? verdict : wrong));
  const [reward] = await rewardsOf(group, {
    reward: name,
    verdicts,
    ...(consistent === undefined ? {} : { consistent: [consistent] }),
  });
  if (!reward) return null;
  expect(reward.total).toBe(Object.values(reward.parts).reduce((a, b) => a + b, 0));
  return Object.fromEntries(Object.entries(reward.parts).map(([part, value]) => [part, Number(value.toFixed(9))]));
}
const zoomed = {
  calls: [zoomCall()],
  response: said("<tool_call>{}</tool_call>", "<|vision_start|><|image_pad|><|vision_end|><answer>9</answer>"),
};
const failed = { calls: [failedCall], response: said("<tool_call>{}</tool_call>", "<answer>9</answer>") };
const broken = { end: "malformed" as const, answer: null, response: said("<answer>") };

function said(...turns: string[]) {
  const whole = turns.join("");
  return { plain: whole.replaceAll(/<\|[^|]*\|>/g, ""), whole };
}
const nobody = (count: number) => Array.from({ length: count }, () => rollout());

describe("by hand", () => {
  test.each<[RewardName, string, Partial<Rollout>, typeof right, Record<string, number>]>([
    ["deepeyes", "right after a zoom", zoomed, right, { answer: 0.8, format: 0, zoom: 1.2 }],
    ["deepeyes", "right after a call that failed", failed, right, { answer: 0.8, format: 0, zoom: 0 }],
    ["deepeyes", "malformed", broken, wrong, { answer: 0, format: -0.2, zoom: 0 }],
    ["verl", "right after a call that failed", failed, right, { answer: 0.8, format: 0, zoom: 1.2 }],
    ["verl", "wrong after a zoom", zoomed, wrong, { answer: 0, format: 0, zoom: 0 }],
    ["deepeyes-any-zoom", "wrong after a zoom", zoomed, wrong, { answer: 0, format: 0, zoom: 0.4 }],
    ["deepeyes-v2", "right after a zoom", zoomed, right, { answer: 0.8, format: 0 }],
    ["mini-o3", "right", {}, right, { answer: 1 }],
    ["mini-o3", "malformed", broken, wrong, { answer: 0 }],
    ["chain-of-focus", "right", {}, right, { answer: 0.9, format: 0.1 }],
    ["chain-of-focus", "wrong", {}, wrong, { answer: 0, format: 0.1 }],
    ["chain-of-focus", "too long", { answer: "x".repeat(1000) }, right, { answer: 0.9, format: 0 }],
    ["vtool-r1", "right", zoomed, right, { answer: 1 }],
    ["pyvision-rl", "right without a call", {}, right, { answer: 1, calls: 0 }],
    [
      "pyvision-rl",
      "right after two calls and one that failed",
      { calls: [zoomCall(), failedCall, zoomCall()] },
      right,
      { answer: 1, calls: 0.2 },
    ],
    ["pyvision-rl", "wrong after a zoom", zoomed, wrong, { answer: 0, calls: 0 }],
    ["tree-vgr", "right without boxes", {}, right, { answer: 1, format: 1, iou: 0 }],
    ["tree-vgr", "malformed", broken, wrong, { answer: 0, format: 0, iou: 0 }],
  ])("%s: %s", async (name, _, one, verdict, expected) => expect(await parts(name, one, verdict)).toEqual(expected));

  test("pixel-reasoner pays for curiosity while fewer than 3 in 10 of the group use the tool", async () => {
    // One of eight: 0.25 · (0.3 − 0.125) / (2 · 0.125) = 0.175.
    expect(await parts("pixel-reasoner", zoomed, right, { others: nobody(7) })).toEqual({
      answer: 1,
      curiosity: 0.175,
      calls: 0,
    });
    // Three calls: −0.05 · 2.
    expect(
      await parts("pixel-reasoner", { calls: [zoomCall(), zoomCall(), zoomCall()] }, wrong, { others: nobody(7) }),
    ).toEqual({
      answer: 0,
      curiosity: 0.175,
      calls: -0.1,
    });
    // Half of the group: nothing more.
    expect(await parts("pixel-reasoner", zoomed, right, { others: [rollout()] })).toEqual({
      answer: 1,
      curiosity: 0,
      calls: 0,
    });
    // Right, but the last call failed; and right without any call.
    expect(
      (await parts("pixel-reasoner", { calls: [zoomCall(), failedCall] }, right, { others: [rollout()] }))?.answer,
    ).toBe(0);
    expect(await parts("pixel-reasoner", {}, right, { others: nobody(7) })).toEqual({
      answer: 1,
      curiosity: 0,
      calls: 0,
    });
  });

  test("mini-o3 leaves out who ran out of turns or tokens", async () => {
    expect(await parts("mini-o3", { end: "turns", answer: null }, wrong)).toBeNull();
    expect(await parts("mini-o3", { end: "length", answer: null }, wrong)).toBeNull();
  });

  test("thyme pays half as much again for an answer that follows", async () => {
    expect(await parts("thyme", {}, right, { consistent: true })).toEqual({ answer: 1, consistency: 0.5, format: 0.5 });
    expect(await parts("thyme", {}, right, { consistent: false })).toEqual({ answer: 1, consistency: 0, format: 0.5 });
    expect(await parts("thyme", {}, wrong, { consistent: true })).toEqual({ answer: 0, consistency: 0, format: 0.5 });
    expect(await parts("thyme", {}, wrong)).toEqual({ answer: 0, consistency: 0, format: 0.5 });
    expect(await parts("thyme", {}, right)).toBeNull();
  });

  test("tree-vgr: recall and precision of boxes", async () => {
    const gold = needleTask.goldBoxSourcePx!;
    const far = zoomCall({ boxSourcePx: [0, 0, 50, 50], iou: 0 });
    expect((await parts("tree-vgr", { calls: [zoomCall({ boxSourcePx: gold })] }, right))?.iou).toBe(1);
    // One box on the target, one beside it: recall 1, precision 1/2.
    expect((await parts("tree-vgr", { calls: [zoomCall({ boxSourcePx: gold }), far] }, right))?.iou).toBe(0.75);
    // A box in a crop has other pixels and does not count.
    expect((await parts("tree-vgr", { calls: [zoomCall({ boxSourcePx: gold, imageIndex: 1 })] }, right))?.iou).toBe(0);
    expect(dualIou([[0, 0, 10, 10]], [[0, 0, 10, 20]])).toBe(0.5);
    expect(dualIou([], [gold])).toBe(0);
  });
});

test("a rollout that ended with an error, or has no verdict, has no reward; the first has no part in the group's share", async () => {
  const group = [rollout(zoomed), rollout({ end: "error" }), rollout(), rollout()];
  const verdicts = [right, wrong, null, wrong];
  const paid = await rewardsOf(group, { reward: "pixel-reasoner", verdicts });
  expect(paid.map((reward) => reward === null)).toEqual([false, true, true, false]);
  const [alone] = await rewardsOf([rollout(zoomed), rollout({ end: "error" })], { reward: "pixel-reasoner", verdicts });
  expect(alone?.parts.curiosity).toBe(0);
});

test("verl and DeepEyes take a verdict back where the text is broken; the others leave it", async () => {
  const long = { answer: "x".repeat(1000), response: said(`<answer>${"x".repeat(1000)}</answer>`) };
  for (const name of rewardNames) {
    const [reward] = await rewardsOf([rollout(long)], { reward: name, verdicts: [right], consistent: [true] });
    expect([name, reward?.right]).toEqual([name, name !== "verl" && name !== "deepeyes"]);
  }
});

test("the most that is paid is what a right answer after one zoom onto the target gets", async () => {
  const ideal = rollout({ ...zoomed, calls: [zoomCall({ boxSourcePx: needleTask.goldBoxSourcePx, legible: true })] });
  for (const { name, most } of rewards) {
    const [reward] = await rewardsOf([ideal], { reward: name, verdicts: [right], consistent: [true] });
    expect([name, typeof most === "function" ? most(weights) : most]).toEqual([name, reward?.total]);
  }
});

test("every reward says where it comes from", () => {
  for (const { name, help, source } of rewards) {
    expect(help, name).not.toBe("");
    if (name !== "weights") expect(source, name).toMatch(/[0-9a-f]{7}|arXiv \d{4}\.\d{5}/);
  }
});
