import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import type { GpuSession } from "../../../src/app/session/gpu_session.ts";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import type { Task } from "../../../src/tasks/task.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import { platform } from "../../support/shipped.ts";

const config = resolveConfig({ seed: 5, steps: 2, tasksPerStep: 2, rolloutsPerTask: 2, learningRate: 1e-3 });

let session: GpuSession;
beforeAll(async () => {
  session = await openGpuSession(platform, config);
});
afterAll(() => session.close());

const recorded = new URL("../../../public/recorded/needle.jsonl.gz", import.meta.url);

/** The last step of the recorded run: a task and the first of its rollouts that were right. */
function lastStep() {
  const text = new TextDecoder().decode(gunzipSync(readFileSync(recorded)));
  const events = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as TrainEvent);
  const { tasks } = events.findLast((event) => event.type === "tasks")!;
  const groups = events.filter((event) => event.type === "group").slice(-tasks.length);
  return groups.map(({ taskIndex, rollouts }) => ({
    task: tasks[taskIndex]!,
    rollouts: rollouts.filter(({ reward, calls }) => reward?.right && calls.length > 0).slice(0, 2),
  }));
}

describe("the recorded run's last step, asked of the weights that it began with", () => {
  test("owes its answers to the crops, and the learner sees the pictures", async () => {
    const [first, second] = lastStep().filter(({ rollouts }) => rollouts.length === 2);
    const { task, rollouts } = first!;
    const other = { task: second!.task, rollout: second!.rollouts[0]! };
    const worths = await session.rollouts.worths({ task, rollouts, config, other });
    expect(worths.map(({ rollout, called }) => [rollout, called])).toEqual(rollouts.map(({ id }) => [id, true]));
    for (const { gold, given } of worths) {
      expect(gold).toEqual(given);
      expect(gold.tool).toBeGreaterThan(0.8);
      for (const without of [gold.blank, gold.none, gold.whole!, gold.other!]) expect(without).toBeLessThan(0.3);
    }
    const { loss, blankLoss, tokens } = (await session.rollouts.sight({ task, rollouts, config }))!;
    const written = rollouts.flatMap(({ segments }) => segments.flatMap((s) => (s.source === "model" ? s.tokens : [])));
    expect(tokens).toBe(written.length);
    expect(blankLoss - loss).toBeGreaterThan(0.05);
  });

  test("has no other task's crop where none is given, and one sentence where a picture cannot be made again", async () => {
    const [{ task, rollouts }] = lastStep() as [{ task: Task; rollouts: Rollout[] }];
    const [alone] = await session.rollouts.worths({ task, rollouts: rollouts.slice(0, 1), config, other: null });
    expect(alone!.gold).not.toHaveProperty("other");
    const call = { ...rollouts[0]!.calls[0]!, name: "no_such_tool" };
    const asked = { task, rollouts: [{ ...rollouts[0]!, calls: [call] }], config, other: null };
    await expect(session.rollouts.worths(asked)).rejects.toThrow("call 1: the tool no_such_tool is not loaded");
  });
});

test("a run has the same bits whether or not it is asked about its rollouts, also under other settings", async () => {
  const run = async (ask?: (task: Task, rollouts: Rollout[]) => Promise<unknown>) => {
    await session.reset(config);
    const events: unknown[] = [];
    let tasks: Task[] = [];
    for await (const event of session.train()) {
      if (event.type === "tasks") tasks = event.tasks;
      if (event.type === "group") {
        events.push(event.rollouts);
        await ask?.(tasks[event.taskIndex]!, event.rollouts);
      }
      if (event.type === "update") events.push(event.metrics);
    }
    return events;
  };
  const plain = await run();
  const other = { ...config, temperature: 0.5, zoom: false };
  const asked = await run(async (task, rollouts) => {
    await session.rollouts.worths({ task, rollouts, config: other, other: null });
    await session.rollouts.sight({ task, rollouts, config: other });
  });
  expect(asked).toEqual(plain);
});

test("an evaluation may be under other settings of the model, which the session does not keep", async () => {
  const blank = { ...config, crop: "blank" as const };
  const { causal, tasks } = await session.evaluate({ tasks: 4, greedy: false, causal: true, config: blank });
  expect(tasks).toBe(4);
  expect(causal).toMatchObject({ rollouts: 4 });
  // What the tool gave is grey already.
  if (causal!.gold) expect(causal!.gold.tool).toBeCloseTo(causal!.gold.blank, 6);
  expect(causal!.sight!.tokens).toBeGreaterThan(0);
});

test("rollouts of a run whose judge is not here can be asked about: nothing is judged", async () => {
  const [{ task, rollouts }] = lastStep() as [{ task: Task; rollouts: Rollout[] }];
  const judged = { ...config, judge: "verl" as const, judgeUrl: "" };
  expect(await session.rollouts.sight({ task, rollouts: rollouts.slice(0, 1), config: judged })).not.toBeNull();
});
