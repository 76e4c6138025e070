import { afterEach, expect, test } from "vitest";
import type { Rollout } from "../../src/agent/rollout.ts";
import { keptAt, stepsOfKept, stepToDrop } from "../../src/app/web/worker/kept_weights.ts";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { createRunStore } from "../../src/app/web/worker/run_store.ts";
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
  // Saved after steps 4 and 6; two questions at once share a session. What wrote a rollout has a step less behind it.
  const answers = await Promise.all([7, 8].map((step) => asked(step, { weights: "checkpoint", run })));
  for (const { by } of answers) expect(by).toEqual({ weights: "checkpoint", step: 6 });
  expect(beside.map(({ closed }) => closed)).toEqual([false, false]);
  const earlier = await asked(5, { weights: "checkpoint", run });
  expect(earlier.by).toEqual({ weights: "checkpoint", step: 4 });
  // The weights after four steps: of the fake model 1 + 2 + 3 + 4.
  expect(earlier.tokens[0]!.logprob).toBe(-1 - 10);
  expect((await asked(2, { weights: "checkpoint", run })).by.step).toBe(4);
  // Two stay, and the one that was asked longest ago goes.
  expect(beside.map(({ closed }) => closed)).toEqual([true, false, false]);

  // Beside the asked weights stand others, and what cannot be compared with is said.
  const compared = await asked(5, { weights: "checkpoint", run, other: "now", start: true });
  expect(compared.other).toEqual({ weights: "now", step: null });
  expect(compared.tokens[0]).toMatchObject({ otherLogprob: -2, kl: 0.125, startLogprob: -1 });
  const alone = await asked(5, { other: "checkpoint" });
  expect(alone).toMatchObject({ other: null, otherProblem: expect.stringContaining("is not stored in this browser") });
  expect(alone.tokens[0]).toMatchObject({ logprob: -1 - 21, otherLogprob: null });

  const other = { ...config, loraRank: 4 };
  await expect(asked(1, { weights: "start", config: other })).rejects.toThrow("loraRank");
  const elsewhere = { ...config, model: "elsewhere" };
  await expect(asked(1, { weights: "start", config: elsewhere })).rejects.toThrow("This run trained elsewhere");
  await expect(asked(1, { weights: "checkpoint", run: "none" })).rejects.toThrow('no run "none"');
  // Another model is opened: what stood beside the first one goes with it.
  await worker.open({ ...config, maxPixels: 4096 }, trace);
  expect(beside.every(({ closed }) => closed)).toBe(true);
  await worker.remove(run);
  expect(await stepsOfKept(run)).toEqual([]);
});

test("weights of earlier steps are kept, few and spread, and only of small models", async () => {
  const checkpoint = (step: number, bytes: number) => [
    {
      name: "trainer_state.json",
      bytes: new TextEncoder().encode(
        JSON.stringify({ format: 1, step, optimizerStep: step, config, sums: { "optimizer.safetensors": 1 } }),
      ),
    },
    { name: "model.safetensors", bytes: new Uint8Array(bytes).fill(step) },
    { name: "optimizer.safetensors", bytes: new Uint8Array(8) },
  ];
  const { name, store } = await createRunStore("needle, seed 23, kept", config);
  for (let step = 1; step <= 40; step++) await store.writeCheckpoint(checkpoint(step, 16));
  const steps = await stepsOfKept(name);
  expect(steps).toHaveLength(8);
  expect([steps[0], steps.at(-1)]).toEqual([1, 40]);
  for (const [i, step] of steps.slice(1).entries()) expect(step - steps[i]!).toBeLessThanOrEqual(12);
  const files = (await keptAt(name, steps[3]!))!;
  expect(files.map(({ name }) => name)).toEqual(["trainer_state.json", "model.safetensors"]);
  expect(JSON.parse(new TextDecoder().decode(files[0]!.bytes)).sums).toEqual({});
  await store.writeCheckpoint(checkpoint(41, 2 ** 24 + 1));
  expect(await stepsOfKept(name)).toEqual(steps);
  await store.close();
  expect(stepToDrop([1, 4, 5, 9])).toBe(4);
  expect(stepToDrop([1, 2])).toBeNull();
});
