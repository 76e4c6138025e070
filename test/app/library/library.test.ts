import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { host } from "../../../src/app/library/deno_host.ts";
import type { Host } from "../../../src/app/library/host.ts";
import { openModelOn } from "../../../src/app/library/open_model.ts";
import type { OpenModel } from "../../../src/app/library/opened_model.ts";
import { trainOn } from "../../../src/app/library/train.ts";
import { defineReward } from "../../../src/reward/rewards/reward_function.ts";
import type { TrainEvent } from "../../../src/train/events.ts";

const grey = { width: 512, height: 512, data: new Uint8Array(512 * 512 * 3).fill(127) };
const prompt = { question: "What digit is on the red square?", pictures: [grey] };
const small = { steps: 1, tasksPerStep: 1, rolloutsPerTask: 2 };

const flat = (paid: number) =>
  defineReward({
    name: "flat",
    label: "Flat",
    help: "the same for all",
    source: "this test",
    parts: [{ name: "all", label: "all", help: "whatever was said" }],
    score: () => ({ all: paid }),
  });

async function eventsOf(run: AsyncIterable<TrainEvent>): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

describe.sequential("an open model", () => {
  let model: OpenModel;
  beforeAll(async () => {
    model = await openModelOn(host, "needle", { trainable: true });
  });
  afterAll(() => model.close());

  test("says what it is", () => {
    expect(model.name).toBe("needle");
    expect(model.parameters).toBe(1_436_160);
    expect(model.decode(model.encode("a red square"))).toBe("a red square");
  });

  test("generates as many answers as asked for, whose log-probabilities are those that it is asked for later", async () => {
    const answers = await model.generate(prompt, { count: 2, maxTokens: 6, seed: 3 });
    expect(answers).toHaveLength(2);
    for (const { tokens, logprobs, text } of answers) {
      expect(tokens.length).toBeLessThanOrEqual(6);
      expect(text).toBe(model.decode(tokens).replaceAll(/<\|\w+\|>/g, ""));
      expect(Array.from(await model.logprobs(prompt, tokens))).toEqual(logprobs);
    }
    expect(await model.generate(prompt, { count: 2, maxTokens: 6, seed: 3 })).toEqual(answers);
    const [greedy] = await model.generate(prompt, { maxTokens: 1, temperature: 0 });
    expect(greedy!.tokens).toHaveLength(1);
    await expect(model.generate(prompt, { count: 0 })).rejects.toThrow("count must be a whole number of at least 1");
    expect(await model.logprobs(prompt, "")).toHaveLength(0);
  });

  test("looks at pictures: other pixels, other probabilities", async () => {
    const dark = { ...grey, data: new Uint8Array(grey.data.length) };
    const [a, b] = [await model.logprobs(prompt, "9"), await model.logprobs({ ...prompt, pictures: [dark] }, "9")];
    expect(a[0]).not.toBe(b[0]);
  });

  test("is trained by a run that pays a reward of a script", async () => {
    const events = await eventsOf(trainOn(host, { model, reward: flat(1), ...small }));
    const head = events.find((event) => event.type === "run");
    expect(head?.config).toMatchObject({ reward: "script:flat", steps: 1 });
    expect(events.at(-1)).toMatchObject({ type: "end", reason: "done" });
    const update = events.find((event) => event.type === "update");
    // All alike: there is nothing to learn from.
    expect(update?.metrics).toMatchObject({ "reward/all": 1, zero_variance_groups: 1, grad_norm: 0 });
    expect((await model.checkpoint()).step).toBe(1);
    expect((await model.files()).map(({ name }) => name)).toContain("model.safetensors");
  });

  test("groups with advantages change its weights; without any they stay", async () => {
    const tasks = await model.tasks.take(0, 1);
    const groups = await model.roll(tasks, { rolloutsPerTask: 2 });
    const before = await model.logprobs(prompt, "9");
    for (const rollout of groups[0]!.rollouts) rollout.advantage = null;
    expect((await model.update(groups, 0)).updates).toBe(0);
    expect(await model.logprobs(prompt, "9")).toEqual(before);
    for (const [i, rollout] of groups[0]!.rollouts.entries()) rollout.advantage = i === 0 ? 1 : -1;
    const metrics = await model.update(groups, 9);
    expect(metrics.updates).toBe(1);
    expect(metrics.grad_norm).toBeGreaterThan(0);
    expect((await model.logprobs(prompt, "9"))[0]).not.toBe(before[0]);
  });

  test("is not taken for a run that needs another model", async () => {
    await expect(trainOn(host, { model, maxPixels: 4096 }).next()).rejects.toThrow("give them to openModel");
  });
});

test("what is wrong is told in one sentence, before anything is opened", async () => {
  const nowhere: Host = { ...host, openPlatform: () => Promise.reject(new Error("opened")) };
  await expect(openModelOn(nowhere, "needle", { temperature: 9 })).rejects.toThrow("temperature must lie between");
  await expect(trainOn(nowhere, { steps: 0 }).next()).rejects.toThrow("steps must lie between");
  await expect(trainOn(nowhere, { resume: "a", out: "b" }).next()).rejects.toThrow("leave out model and out");
  await expect(trainOn(nowhere, {}).next()).rejects.toThrow("opened");
});

test("a stored run goes on with the same code alone", async () => {
  const folder = `${await Deno.makeTempDir()}/run`;
  const told: string[] = [];
  const made = trainOn(host, { ...small, out: folder, reward: flat(1), onEvent: ({ type }) => told.push(type) });
  expect(await made.finish()).toMatchObject({ type: "end", step: 1 });
  expect(told.at(-1)).toBe("end");
  const again = (paid: number) => trainOn(host, { resume: folder, steps: 2, reward: flat(paid) });
  // The text of the function is the same: what it closes over is not seen.
  const other = defineReward({ ...flat(1), score: () => ({ all: 2 }) });
  await expect(trainOn(host, { resume: folder, steps: 2, reward: other }).next()).rejects.toThrow(
    "does not hold the code of the reward",
  );
  expect(await again(1).finish()).toMatchObject({ type: "end", step: 2 });
});
