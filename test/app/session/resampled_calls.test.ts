import { expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import type { Session } from "../../../src/app/session/session.ts";
import type { NamedBytes } from "../../../src/platform.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { Metrics } from "../../../src/train/events.ts";
import { platform } from "../../support/shipped.ts";

/** Digits that are too small to be read in most crops: calls of a whole group are wrong often. */
const config = resolveConfig({
  seed: 1,
  steps: 2,
  tasksPerStep: 2,
  rolloutsPerTask: 4,
  glyphPx: 2,
  learningRate: 1e-3,
  resampledCalls: 3,
  resampledShare: 1,
});

interface Made {
  groups: Rollout[][];
  metrics: Metrics[];
  checkpoints: NamedBytes[][];
}

async function made(session: Session): Promise<Made> {
  const all: Made = { groups: [], metrics: [], checkpoints: [] };
  for await (const event of session.train()) {
    if (event.type === "group") all.groups.push(event.rollouts);
    if (event.type !== "update") continue;
    all.metrics.push(event.metrics);
    all.checkpoints.push((await session.checkpoint()).files);
  }
  session.close();
  return all;
}

test("a run that samples calls again trains the bits that it sampled, and goes on from a checkpoint with the same", async () => {
  const whole = await made(await openGpuSession(platform, config, { overlap: { ahead: true, lanes: 2 } }));
  expect(whole.metrics.map(({ ratio_drift }) => ratio_drift)).toEqual([0, 0]);
  expect(whole.metrics[0]!.resampled_groups).toBeGreaterThan(0);

  const continuations = whole.groups.flat().filter(({ continues }) => continues);
  expect(continuations.length).toBeGreaterThanOrEqual(3);
  for (const group of whole.groups)
    for (const [i, rollout] of group.entries()) {
      expect(rollout.rolloutIndex).toBe(i);
      const { continues, segments } = rollout;
      if (!continues) continue;
      const from = group.find(({ id }) => id === continues.rollout)!;
      expect(from.continuedAt).toBe(continues.token);
      const kept = (of: Rollout, field: "tokens" | "logprobs") =>
        [...of.segments[0]!.tokens.map(() => 0), ...of.segments[1]![field]].slice(0, continues.token);
      // The shared tokens stand as they were sampled, and what follows is another's.
      expect(kept(rollout, "tokens")).toEqual(kept(from, "tokens"));
      expect(kept(rollout, "logprobs")).toEqual(kept(from, "logprobs"));
      expect(segments[1]!.logprobs).not.toEqual(from.segments[1]!.logprobs);
      expect(rollout.reward).not.toBeNull();
    }
  // Each has random numbers of its own.
  const ofOne = continuations.filter(({ continues }) => continues!.rollout === continuations[0]!.continues!.rollout);
  expect(new Set(ofOne.map(({ segments }) => segments[1]!.logprobs.join())).size).toBe(ofOne.length);

  const rest = await openGpuSession(platform, { ...config, tasksPerRoll: 1 }, { overlap: { ahead: false, lanes: 1 } });
  expect(await rest.restore(whole.checkpoints[0]!)).toBe(1);
  const resumed = await made(rest);
  expect(resumed.groups).toEqual(whole.groups.filter(([first]) => first!.step === 2));
  expect(resumed.metrics).toEqual(whole.metrics.slice(1));
  const weights = ({ checkpoints }: Made) => checkpoints.at(-1)!.filter(({ name }) => name.endsWith(".safetensors"));
  const wanted = weights(whole);
  for (const [i, { name, bytes }] of weights(resumed).entries())
    expect(
      bytes.every((byte, at) => byte === wanted[i]!.bytes[at]),
      name,
    ).toBe(true);
}, 120_000);
