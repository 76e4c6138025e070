import { afterEach, expect, test } from "vitest";
import type { Rollout } from "../../src/agent/rollout.ts";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { RunWorker } from "../../src/app/web/worker/run_worker.ts";
import type { AskedMeasures } from "../../src/app/worker_api/token_measures.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { fakeSession } from "../support/fake_session.ts";

const platform = openBrowserPlatform(new URL("/", location.href).href);
const config = resolveConfig({ seed: 23, steps: 6, saveEvery: 4 });
const trace = { trace: false };

type Fake = ReturnType<typeof fakeSession>;

/** A worker with fake sessions, which tells those that were opened beside the one of the run. */
function newWorker() {
  const beside: Fake[] = [];
  const worker = new RunWorker(platform, async (_, wanted) => {
    const session = fakeSession(wanted);
    const open = session.beside;
    session.beside = async () => {
      const other = (await open()) as Fake;
      beside.push(other);
      return other;
    };
    return session;
  });
  return { worker, beside };
}

const rollout = (step: number): Rollout => ({
  id: `${step}·0·0`,
  step,
  taskIndex: 0,
  rolloutIndex: 0,
  task: "needle/0",
  segments: [{ source: "model", tokens: [1], logprobs: [-1], entropies: [1], images: [] }],
  calls: [],
  end: "answer",
  answer: "7",
  reward: null,
  advantage: null,
});

const task = { id: "needle/0", source: "needle", question: "What digit?", answer: "7", imageSizesPx: [] };

afterEach(async () => {
  const { worker } = newWorker();
  for (const { name, seed } of await worker.runs()) if (seed === config.seed) await worker.remove(name);
});

test("questions go to the weights that are asked, and a second session stands as long as it is wanted", async () => {
  const { worker, beside } = newWorker();
  const asked = (step: number, more: Partial<AskedMeasures> = {}) =>
    worker.rollouts.measures({ rollout: rollout(step), task, config, ...more });
  await expect(asked(1)).rejects.toThrow("The model is not open yet");
  await worker.open(config, trace);
  expect((await asked(1)).by).toEqual({ weights: "now", step: null });
  expect(beside).toHaveLength(0);

  expect((await asked(1, { weights: "start" })).by).toEqual({ weights: "start", step: 0 });
  await asked(2, { weights: "start" });
  expect(beside).toHaveLength(1);
  await expect(asked(3, { weights: "checkpoint" })).rejects.toThrow("is not stored in this browser");
  const run = await worker.start(config);
  await expect(asked(3, { weights: "checkpoint", run })).rejects.toThrow("has no checkpoint yet");
  while ((await worker.next()) !== null);
  // Its last checkpoint; two questions at once share it.
  const answers = await Promise.all([5, 1].map((step) => asked(step, { weights: "checkpoint", run })));
  for (const { by } of answers) expect(by).toEqual({ weights: "checkpoint", step: 6 });
  expect(beside.map(({ closed }) => closed)).toEqual([true, false]);

  const other = { ...config, loraRank: 4 };
  await expect(asked(1, { weights: "start", config: other })).rejects.toThrow("loraRank");
  const elsewhere = { ...config, model: "elsewhere" };
  await expect(asked(1, { weights: "start", config: elsewhere })).rejects.toThrow("This run trained elsewhere");
  await expect(asked(1, { weights: "checkpoint", run: "none" })).rejects.toThrow('no run "none"');
  // Another model is opened: what stood beside the first one goes with it.
  await worker.open({ ...config, maxPixels: 4096 }, trace);
  expect(beside.map(({ closed }) => closed)).toEqual([true, true]);
});
