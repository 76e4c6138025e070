import { afterEach, describe, expect, test } from "vitest";
import { openGpuSession } from "../src/app/session/open_gpu_session.ts";
import type { Session } from "../src/app/session/session.ts";
import { resolveConfig } from "../src/train/config.ts";
import type { TrainEvent } from "../src/train/events.ts";
import type { RunConfig } from "../src/train/knobs.ts";
import { platform } from "./support/shipped.ts";

const sessions: Session[] = [];
async function open(config: RunConfig): Promise<Session> {
  const session = await openGpuSession(platform, config);
  sessions.push(session);
  await session.reset(config);
  return session;
}
afterEach(() => {
  for (const session of sessions.splice(0)) session.close();
});

/** Everything that a run emits but for times, which differ. Progress while decoding is left out. */
function timeless(event: TrainEvent): TrainEvent {
  switch (event.type) {
    case "run":
      return { ...event, startedAt: "" };
    case "update":
      return { ...event, durationMs: 0, rollMs: 0, updateMs: 0, peakMemoryBytes: 0 };
    default:
      return event;
  }
}

/** The events up to the end, or up to the update of step `until`. */
async function train(session: Session, until = Number.POSITIVE_INFINITY): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of session.train()) {
    if (event.type !== "decode") events.push(timeless(event));
    if (event.type === "update" && event.step === until) break;
  }
  return events;
}

describe("a run", () => {
  const config = resolveConfig({
    seed: 21,
    steps: 2,
    tasksPerStep: 2,
    rolloutsPerTask: 4,
    learningRate: 1e-3,
    warmupSteps: 2,
  });

  test("is the same for the same seed, and goes on from a checkpoint as if it had never stopped, bit for bit", async () => {
    const session = await open(config);
    const whole = await train(session);
    const end = await session.checkpoint();

    // The same seed in the same session, stopped after one step, gone on with in another session.
    await session.reset(config);
    const begun = await train(session, 1);
    const middle = await session.checkpoint();
    const other = await open(config);
    expect(await other.restore(middle.files)).toBe(1);
    const resumed = await train(other);

    const stepOf = (event: TrainEvent) => ("step" in event ? event.step : 0);
    expect(begun).toEqual(whole.slice(0, begun.length));
    expect(begun.at(-1)).toMatchObject({ type: "update", step: 1 });
    expect(resumed[0]).toMatchObject({ type: "run", resumedAt: 1 });
    const lastStep = (events: TrainEvent[]) => events.filter((event) => stepOf(event) > 1 && event.type !== "alarm");
    expect(lastStep(resumed)).toEqual(lastStep(whole));
    expect(lastStep(resumed).map(({ type }) => type)).toEqual(["tasks", "group", "group", "update", "end"]);
    const resumedEnd = await other.checkpoint();
    expect(resumedEnd.step).toBe(2);
    expect(resumedEnd.files.map(({ name }) => name)).toEqual(end.files.map(({ name }) => name));
    for (const [i, { name, bytes }] of end.files.entries())
      expect(differences(resumedEnd.files[i]!.bytes, bytes), name).toBe(0);
    expect(differences(weights(middle.files), weights(end.files))).toBeGreaterThan(1000);

    for (const event of whole) if (event.type === "update") expect(event.metrics.ratio_drift).toBe(0);
  }, 300_000);
});

const weights = (files: readonly { name: string; bytes: Uint8Array }[]): Uint8Array =>
  files.find(({ name }) => name === "model.safetensors")!.bytes;

/** Bytes that differ; comparing megabytes with toEqual takes minutes. */
function differences(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Math.max(a.length, b.length);
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count++;
  return count;
}

test("reward rises: the shipped model, paid for zooming, learns in a few steps to zoom", async () => {
  const config = resolveConfig({
    seed: 0,
    steps: 4,
    tasksPerStep: 2,
    rolloutsPerTask: 8,
    learningRate: 6e-4,
    warmupSteps: 0,
    bonus: "unconditional",
  });
  const session = await open(config);
  const heldOut = () => session.evaluate({ tasks: 16, greedy: false });
  const before = (await heldOut()).metrics;
  const events = await train(session);
  const after = (await heldOut()).metrics;

  expect(before.zoom_rate).toBeLessThan(0.7);
  expect(after.zoom_rate! - before.zoom_rate!).toBeGreaterThan(0.25);
  expect(after.reward! - before.reward!).toBeGreaterThan(0.3);
  const rewards = events.flatMap((event) => (event.type === "update" ? [event.metrics.reward!] : []));
  expect(rewards).toHaveLength(4);
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  expect(mean(rewards.slice(-2)) - mean(rewards.slice(0, 2))).toBeGreaterThan(0.1);
}, 600_000);
