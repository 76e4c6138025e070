import { expect, test } from "vitest";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import type { Overlap } from "../../../src/app/session/session.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import { platform } from "../../support/shipped.ts";

const config = resolveConfig({ seed: 5, steps: 3, tasksPerStep: 2, rolloutsPerTask: 3, learningRate: 1e-3 });

/** What a run samples and learns, without times and progress; `change` is made at the event before its step. */
async function run(overlap: Overlap, change?: { after: number; changes: Partial<RunConfig> }) {
  const session = await openGpuSession(platform, config, { overlap });
  try {
    const events: TrainEvent[] = [];
    const metrics: unknown[] = [];
    for await (const event of session.train()) {
      if (event.type === "tasks" || event.type === "group" || event.type === "config") events.push(event);
      if (event.type === "update") metrics.push(event.metrics);
      if (event.type === "update" && event.step === change?.after) session.change(change.changes);
      // Another rollout on the model between two steps takes the cache.
      if (event.type === "update" && event.step === 1)
        for await (const _ of session.roll({ tasks: 1, rolloutsPerTask: 2, greedy: true }));
    }
    const { files } = await session.checkpoint();
    return { events, metrics, weights: files.filter(({ name }) => name.endsWith(".safetensors")) };
  } finally {
    session.close();
  }
}

test("a run has the same bits whether host and GPU work side by side or one after the other", async () => {
  const change = { after: 2, changes: { temperature: 0.8 } };
  const one = await run({ ahead: false, lanes: 1 }, change);
  const other = await run({ ahead: true, lanes: 2 }, change);
  expect(one.events.filter(({ type }) => type === "config")).toEqual([
    { type: "config", step: 3, changes: { temperature: 0.8 } },
  ]);
  expect(other.events).toEqual(one.events);
  expect(other.metrics).toEqual(one.metrics);
  expect(other.weights.map(({ name }) => name)).toEqual(one.weights.map(({ name }) => name));
  for (const [i, { name, bytes }] of one.weights.entries())
    expect(
      bytes.every((byte, at) => byte === other.weights[i]!.bytes[at]),
      name,
    ).toBe(true);
}, 180_000);
