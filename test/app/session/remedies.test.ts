import { afterAll, beforeAll, expect, test } from "vitest";
import type { GpuSession } from "../../../src/app/session/gpu_session.ts";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import { creditOf, probedCalls, tokenAdvantages } from "../../../src/train/call_credit.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import { platform } from "../../support/shipped.ts";

const tiny = { seed: 5, steps: 2, tasksPerStep: 2, rolloutsPerTask: 4, learningRate: 1e-3 };
const stages = resolveConfig({ ...tiny, reward: "tools-rl", toolStageSteps: 1 });
const credit = resolveConfig({ ...tiny, callCredit: 0.5, callRouting: "outcome" });

let session: GpuSession;
/** A run without probes. */
let plain: Awaited<ReturnType<typeof run>> | null = null;
beforeAll(async () => {
  session = await openGpuSession(platform, stages);
});
afterAll(() => session.close());

/** The groups and metrics of a run on the weights as they are, and the checkpoint after its first step. */
async function run() {
  const seen: Extract<TrainEvent, { type: "group" | "update" }>[] = [];
  let saved: Awaited<ReturnType<GpuSession["checkpoint"]>> | null = null;
  for await (const event of session.train()) {
    if (event.type === "group" || event.type === "update") seen.push(structuredClone(event));
    if (event.type === "update" && event.step === 1) saved = await session.checkpoint();
  }
  const groups = seen.filter((event) => event.type === "group");
  const updates = seen.filter((event) => event.type === "update").map(({ step, metrics }) => ({ step, metrics }));
  return { groups, updates, saved, last: await session.checkpoint() };
}

/** Runs two steps, then the second again from the checkpoint after the first: the same bits. */
async function resumedAlike(config: RunConfig) {
  await session.reset(config);
  const whole = await run();
  await session.reset(config);
  expect(await session.restore(whole.saved!.files)).toBe(1);
  const rest = await run();
  expect(rest.groups).toEqual(whole.groups.filter(({ step }) => step === 2));
  expect(rest.updates).toEqual(whole.updates.slice(1));
  expect(rest.last).toEqual(whole.last);
  return whole;
}

test("ToolsRL: the stage changes within a run, and one that goes on has the same bits", async () => {
  plain = await resumedAlike(stages);
  const { groups, updates } = plain;
  // Nothing is probed where that is not asked for.
  expect(groups.flatMap(({ rollouts }) => rollouts.flatMap(probedCalls))).toEqual([]);
  expect(updates.flatMap(({ metrics }) => Object.keys(metrics).filter((name) => /^call_credit/.test(name)))).toEqual(
    [],
  );
  for (const { step, rollouts } of groups)
    for (const { reward, calls } of rollouts) {
      const { tool = 0, answer = 0 } = reward!.parts;
      if (step === 1) {
        expect(answer).toBe(0);
        expect(tool > 0).toBe(calls.some(({ iou = 0 }) => iou > 0));
      } else {
        expect(tool).toBe(0);
        expect(answer).toBe(Number(reward!.right));
      }
    }
  const [first, second] = updates.map(({ metrics }) => metrics);
  expect(first!["reward/tool"]).toBeGreaterThan(0);
  expect(second!["reward/tool"]).toBe(0);
  for (const metrics of [first!, second!]) expect(metrics.ratio_drift).toBe(0);
}, 30_000);

/** What was sampled and called in the first step, without what was measured of it. */
const sampled = ({ groups }: Awaited<ReturnType<typeof run>>) =>
  groups.filter(({ step }) => step === 1).flatMap(({ rollouts }) => rollouts.map(({ segments }) => segments));

test("TACO: calls are probed in the run, tokens get what they are given, and one that goes on has the same bits", async () => {
  const whole = await resumedAlike(credit);
  const { groups, updates } = whole;
  if (plain) expect(sampled(whole)).toEqual(sampled(plain));
  let probed = 0;
  for (const rollout of groups.flatMap(({ rollouts }) => rollouts)) {
    const calls = probedCalls(rollout);
    expect(calls.length).toBe(rollout.segments.filter(({ source }) => source === "tool").length);
    const advantages = tokenAdvantages(rollout, { callCredit: 0.5, callRouting: "whole" });
    for (const { from, to, probe } of calls) {
      probed++;
      for (const chance of [probe.before, probe.after]) expect(chance >= 0 && chance <= 1).toBe(true);
      // The shipped model reads a crop, and cannot read the whole picture.
      expect(probe.before).toBeLessThan(0.5);
      for (let t = from; t < to; t++) expect(advantages[t]).toBeCloseTo(rollout.advantage! + 0.5 * creditOf(probe), 9);
    }
  }
  expect(probed).toBeGreaterThan(1);
  for (const { metrics } of updates) expect(metrics.ratio_drift).toBe(0);
  const measured = updates.filter(({ metrics }) => metrics["call_credit/mean"] !== undefined);
  for (const { metrics } of measured) {
    expect(metrics["call_credit/after"]! - metrics["call_credit/before"]!).toBeCloseTo(metrics["call_credit/mean"]!, 9);
  }
  expect(measured[0]!.metrics["call_credit/mean"]).toBeGreaterThan(0);
}, 30_000);
