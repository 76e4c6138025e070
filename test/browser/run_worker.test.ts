import { afterEach, expect, test } from "vitest";
import { openBrowserPlatform } from "../../src/app/web/platform.ts";
import { RunWorker } from "../../src/app/web/run_worker.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { fakeSession } from "../support/fake_session.ts";

const platform = openBrowserPlatform(new URL("/", location.href).href);
const newWorker = (failAt?: number) => new RunWorker(platform, async (_, config) => fakeSession(config, { failAt }));
const config = resolveConfig({ seed: 11, steps: 3, saveEvery: 1 });
const trace = { trace: false };

async function all<T>(next: () => Promise<T | null>): Promise<T[]> {
  const events: T[] = [];
  for (let event = await next(); event !== null; event = await next()) events.push(event);
  return events;
}

/** Tests of other files keep runs in the same browser at the same time. */
const own = <T extends { seed: number }>(entries: T[]): T[] => entries.filter(({ seed }) => seed === config.seed);

afterEach(async () => {
  const worker = newWorker();
  for (const { name } of own(await worker.runs())) await worker.remove(name);
  for (const { name } of own(await worker.models())) await worker.removeModel(name);
});

test("a run that failed is offered again, goes on from its checkpoint, and is let go at its end", async () => {
  const failing = newWorker(3);
  await failing.open(config, trace);
  await failing.start(config, { resume: false });
  await expect(all(() => failing.next())).rejects.toThrow("The GPU device was lost");

  const worker = newWorker();
  const { resumable } = await worker.open(config, trace);
  expect(resumable).toEqual({ name: "needle, seed 11", step: 2 });
  await worker.start(config, { resume: true });
  const events = await all(() => worker.next());
  expect(events.flatMap((event) => (event.type === "update" ? event.step : []))).toEqual([3]);
  expect(events.at(-1)).toEqual({ type: "end", step: 3, reason: "done" });
  expect((await worker.open(config, trace)).resumable).toBeUndefined();
  // Another tab may have it now
  await newWorker().remove(resumable!.name);
});

test("another adapter or view of the same model is another session", async () => {
  const opened: string[] = [];
  const worker = new RunWorker(platform, async (_, wanted) => {
    opened.push(`${wanted.loraRank} ${wanted.maxPixels}`);
    return fakeSession(wanted);
  });
  for (const changes of [{}, { temperature: 0.5 }, { loraRank: 8 }, { loraRank: 8, maxPixels: 50_000 }])
    await worker.open({ ...config, ...changes }, trace);
  expect(opened).toEqual(["0 0", "8 0", "8 50000"]);
});

test("token texts are those of the run's own model", async () => {
  const worker = newWorker();
  expect(await worker.texts([466], "needle")).toEqual(["<|im_end|>"]);
  await expect(worker.texts([466], "dropped/gone")).rejects.toThrow("Expected tokenizer.json, or vocab.json");
});

test("a run whose page closed within a step is read up to there", async () => {
  const worker = newWorker();
  await worker.open(config, trace);
  await worker.start(config, { resume: false });
  for (let event = await worker.next(); event?.type !== "update"; event = await worker.next());
  const [run] = own(await worker.runs());
  const { events, notices } = await worker.events(run!.name);
  expect(events.map(({ type }) => type)).toEqual(["run", "tasks", "group", "update"]);
  expect(notices).toEqual([]);
  await expect(newWorker().remove(run!.name)).rejects.toThrow("is under way");
  await worker.stop();
  await expect(worker.events("nobody")).rejects.toThrow('This browser holds no run "nobody"');
});

test("a warm-up is kept when it is stopped, goes on, and gives a model that runs can start from", async () => {
  const worker = newWorker();
  await worker.open(config, trace);
  await expect(worker.startWarmup(config, { resume: true })).rejects.toThrow("There is no unfinished warm-up");
  await worker.startWarmup(config, { resume: false });
  expect(await worker.nextWarmup()).toMatchObject({ type: "warmup", step: 1 });
  expect(await worker.nextWarmup()).toMatchObject({ type: "warmup", step: 2 });
  const other = newWorker();
  await other.open(config, trace);
  await expect(other.startWarmup(config, { resume: false })).rejects.toThrow("is under way, here or in another tab");
  await worker.stopWarmup();
  expect(await worker.nextWarmup()).toBeNull();

  const [model] = own(await other.models());
  const name = "trained-here/needle-seed-11-examples-800000";
  expect(model).toMatchObject({ name, preset: "needle", seed: 11, rows: 800_000, step: 2 });
  expect(await platform.readAsset(`${name}/model.safetensors`)).toEqual(Uint8Array.of(3));
  await other.startWarmup(config, { resume: true });
  const rest = await all(() => other.nextWarmup());
  expect(rest.map((event) => (event.type === "warmup" ? event.step : event.type))).toEqual([3, "end"]);
  expect(await platform.readAsset(`${name}/model.safetensors`)).toEqual(Uint8Array.of(6));

  const opened = await other.open({ ...config, model: name }, trace);
  expect(opened.model.name).toBe(name);
  await other.removeModel(name);
  expect(await platform.assetSize(`${name}/model.safetensors`)).toBeNull();
  await expect(platform.readAsset(`${name}/model.safetensors`)).rejects.toThrow(
    `This browser holds no ${name}/model.safetensors; the model was made in another browser or removed, choose a preset`,
  );
});
