import { afterEach, expect, test, vi } from "vitest";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { storedLog } from "../../src/app/web/worker/run_store.ts";
import { RunWorker } from "../../src/app/web/worker/run_worker.ts";
import { toFloat32 } from "../../src/model/float_bytes.ts";
import { readHeader } from "../../src/model/safetensors.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { TrainEvent } from "../../src/train/events.ts";
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
  await failing.start(config);
  await expect(all(() => failing.next())).rejects.toThrow("The GPU device was lost");

  const worker = newWorker();
  const { resumable } = await worker.open(config, trace);
  expect(resumable).toEqual({ name: "needle, seed 11", step: 2 });
  await worker.resume(resumable!.name);
  const events = await all(() => worker.next());
  expect(events.flatMap((event) => (event.type === "update" ? event.step : []))).toEqual([3]);
  expect(events.at(-1)).toEqual({ type: "end", step: 3, reason: "done" });
  expect((await worker.open(config, trace)).resumable).toBeUndefined();
  // Another tab may have it now
  await newWorker().remove(resumable!.name);
});

test("what a run failed with is told, also where it was given up while its last events were on their way", async () => {
  const failing = newWorker(3);
  await failing.open(config, trace);
  await failing.start(config);
  let last: TrainEvent | undefined;
  const pull = async () => {
    for (;;) {
      const events = await failing.nextEvents("frame");
      if (events === null) return;
      last = events.at(-1) ?? last;
      // The run goes on meanwhile, and fails.
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  };
  await expect(pull()).rejects.toThrow("The GPU device was lost");
  expect(last).toBeDefined();
  expect(await failing.nextEvents("frame")).toBeNull();
});

/** Pulls up to the end of a step. */
async function pullStep(worker: RunWorker, step: number): Promise<void> {
  for (let event = await worker.next(); event && !(event.type === "update" && event.step === step); )
    event = await worker.next();
}

const long = { ...config, steps: 20, saveEvery: 10 };

test("what is paused is saved: the list says so, and another visit goes on from there", async () => {
  const worker = newWorker();
  await worker.open(long, trace);
  const name = await worker.start(long);
  await pullStep(worker, 4);
  // Into the step under way.
  await worker.next();
  expect(own(await worker.runs())).toMatchObject([{ step: 4, savedStep: 0, steps: 20, writer: "here" }]);
  expect(await worker.save()).toMatchObject({ type: "checkpoint", step: 4 });
  expect(await worker.save()).toBeNull();
  expect(own(await worker.runs())).toMatchObject([{ step: 4, savedStep: 4, steps: 20 }]);
  // The page is closed: its lock is let go, and nothing else happens.
  const lines = (await storedLog(name)).trimEnd().split("\n");
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ type: "checkpoint", step: 4 });
  await worker.stop();

  const other = newWorker();
  expect((await other.open(long, trace)).resumable).toEqual({ name, step: 4 });
  await other.resume(name);
  expect(await other.next()).toMatchObject({ type: "run", resumedAt: 4 });
  await all(() => other.next());
  const steps = (await other.events(name)).events.flatMap((event) => (event.type === "update" ? event.step : []));
  expect(steps).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
});

test("a run whose settings were changed on its way is offered and goes on with them", async () => {
  const failing = newWorker(13);
  await failing.open(long, trace);
  const name = await failing.start(long);
  await pullStep(failing, 4);
  await failing.change({ learningRate: 1e-3 });
  await expect(all(() => failing.next())).rejects.toThrow("The GPU device was lost");
  expect(own(await failing.runs())).toMatchObject([{ step: 12, savedStep: 10, writer: null }]);

  // The page shows the settings as they were last; those of its beginning find it as well.
  const worker = newWorker();
  for (const shown of [{ ...long, learningRate: 1e-3 }, long])
    expect((await worker.open(shown, trace)).resumable).toEqual({ name, step: 10 });
  expect((await worker.settings(name)).learningRate).toBe(1e-3);
  expect((await worker.resume(name)).learningRate).toBe(1e-3);
  expect((await all(() => worker.next())).at(-1)).toMatchObject({ type: "end", step: 20, reason: "done" });
  expect(own(await worker.runs())).toMatchObject([{ step: 20, savedStep: 20 }]);
  await expect(worker.resume(name)).rejects.toThrow("has made 20 steps of 20 already");
  expect((await worker.resume(name, { steps: 22 })).steps).toBe(22);
  await all(() => worker.next());
  expect(own(await worker.runs())).toMatchObject([{ step: 22, savedStep: 22, steps: 22 }]);
});

test("a run whose device is lost while it is opened again keeps all that its log knows", async () => {
  const failing = newWorker(7);
  const name = await failing.start({ ...long, saveEvery: 5 });
  await pullStep(failing, 6);
  await failing.change({ learningRate: 1e-3 });
  await expect(all(() => failing.next())).rejects.toThrow("The GPU device was lost");
  const before = await storedLog(name);
  const broken = new RunWorker(platform, async () => {
    throw new Error("The GPU device was lost");
  });
  await expect(broken.resume(name)).rejects.toThrow("The GPU device was lost");
  expect(await storedLog(name)).toBe(before);
  // Its lock is let go.
  const worker = newWorker();
  await worker.resume(name);
  expect(await worker.next()).toMatchObject({
    type: "run",
    resumedAt: 5,
    config: { learningRate: 2e-4 },
    upcoming: [{ step: 6, changes: { learningRate: 1e-3 } }],
  });
  await all(() => worker.next());
  expect((await worker.settings(name)).learningRate).toBe(1e-3);
});

test("a run that was lost before its first checkpoint begins again, and its log with it", async () => {
  const failing = newWorker(3);
  const name = await failing.start(long);
  await expect(all(() => failing.next())).rejects.toThrow("The GPU device was lost");
  expect(own(await failing.runs())).toMatchObject([{ step: 2, savedStep: 0 }]);
  const worker = newWorker();
  await worker.resume(name);
  await all(() => worker.next());
  const { events } = await worker.events(name);
  expect(events.flatMap((event) => (event.type === "update" ? event.step : []))).toHaveLength(20);
  expect(events.filter(({ type }) => type === "run")).toHaveLength(1);
});

test("two tabs do not write one run", async () => {
  const here = newWorker();
  const name = await here.start(long);
  await pullStep(here, 2);
  await here.save();
  const there = newWorker();
  expect(own(await there.runs())).toMatchObject([{ writer: "elsewhere" }]);
  expect((await there.open(long, trace)).resumable).toBeUndefined();
  await expect(there.resume(name)).rejects.toThrow(`Another tab is writing the run "${name}"`);
  expect(await there.start(long)).toBe(`${name} (2)`);
  await there.stop();
  await pullStep(here, 3);
  await here.stop();
  await there.resume(name);
  expect(await there.next()).toMatchObject({ type: "run", resumedAt: 3 });
  await there.stop();
});

test("the weights that are exported are those that are meant", async () => {
  const worker = newWorker();
  await expect(worker.exportModel(null)).rejects.toThrow("Nothing is trained yet");
  const name = await worker.start(long);
  await pullStep(worker, 2);
  await expect(worker.exportModel(name)).rejects.toThrow(`The run "${name}" has no checkpoint`);
  await worker.save();
  await pullStep(worker, 3);
  await worker.next();
  // Steps 1 + 2 + 3: the weights of the session now, which is in its fourth step.
  const now = await worker.exportModel(null);
  expect([now.run, now.step, now.files[0]!.bytes]).toEqual([name, 3, Uint8Array.of(6)]);
  const saved = await worker.exportModel(name);
  expect([saved.run, saved.step]).toEqual([name, 2]);
  expect(saved.files.map((file) => file.name)).toContain("preprocessor_config.json");
  const { bytes } = saved.files[0]!;
  const { tensors } = await readHeader(bytes, bytes.length);
  expect([...toFloat32(bytes.subarray(tensors[0]!.startByte, tensors[0]!.endByte), "BF16")]).toEqual([3, 2]);
  await worker.stop();
  expect((await newWorker().exportModel(name)).step).toBe(3);
  await expect(worker.exportModel("nobody")).rejects.toThrow('This browser holds no run "nobody"');
});

test("a browser without room ends no run, and loses nothing of it", async () => {
  const worker = newWorker();
  const name = await worker.start(long);
  await pullStep(worker, 8);
  // A step is reported before its line is written.
  await vi.waitFor(async () => expect(own(await worker.runs())).toMatchObject([{ step: 8 }]));
  const room = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
    throw new DOMException("no room", "QuotaExceededError");
  });
  const events: TrainEvent[] = [];
  try {
    for (let event = await worker.next(); event && !(event.type === "update" && event.step === 12); ) {
      events.push(event);
      event = await worker.next();
    }
    await expect(worker.save()).rejects.toThrow(/^The browser's storage is full: .*remove stored runs or models/);
    expect(own(await worker.runs())).toMatchObject([{ step: 8, savedStep: 0 }]);
  } finally {
    room.mockRestore();
  }
  expect(events.filter((event) => event.type === "alarm" && event.about === "storage")).toHaveLength(1);
  expect(events.some(({ type }) => type === "checkpoint")).toBe(false);
  expect(await worker.save()).toMatchObject({ type: "checkpoint", step: 12 });
  await all(() => worker.next());
  const logged = (await worker.events(name)).events;
  expect(logged.flatMap((event) => (event.type === "update" ? event.step : []))).toHaveLength(20);
  expect(logged.some(({ type }) => type === "alarm")).toBe(false);
});

test("a run that could not be saved at its end stays until there is room, or until it is given up", async () => {
  const worker = newWorker();
  const name = await worker.start(config);
  const spy = vi.spyOn(IDBObjectStore.prototype, "put");
  const full = () =>
    spy.mockImplementation(() => {
      throw new DOMException("no room", "QuotaExceededError");
    });
  full();
  try {
    expect((await all(() => worker.next())).at(-1)).toMatchObject({ type: "end", reason: "done" });
    await expect(worker.start(config)).rejects.toThrow("The browser's storage is full");
    expect((await worker.exportModel(null)).step).toBe(3);
    expect(own(await worker.runs())).toMatchObject([{ name, savedStep: 0, writer: "elsewhere" }]);
  } finally {
    spy.mockRestore();
  }
  expect(await worker.save()).toMatchObject({ type: "checkpoint", step: 3 });
  expect(own(await worker.runs())).toMatchObject([{ name, step: 3, savedStep: 3, writer: null }]);
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
  await worker.start(config);
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

test("a warm-up that cannot be kept stays until there is room, and gives way to a run", async () => {
  const full = () =>
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
      throw new DOMException("no room", "QuotaExceededError");
    });
  const worker = newWorker();
  await worker.open(config, trace);
  await worker.startWarmup(config, { resume: false });
  await worker.nextWarmup();
  let refusing = full();
  await expect(worker.stopWarmup()).rejects.toThrow("The browser's storage is full: the model");
  await expect(worker.keepWarmup()).rejects.toThrow("The browser's storage is full");
  refusing.mockRestore();
  await worker.keepWarmup();
  await worker.keepWarmup();
  expect(own(await worker.models())).toMatchObject([{ step: 1 }]);
  // Its name is free again.
  await worker.startWarmup(config, { resume: true });
  await worker.nextWarmup();
  refusing = full();
  await expect(worker.stopWarmup()).rejects.toThrow("full");
  await expect(worker.start(config)).rejects.toThrow("full");
  refusing.mockRestore();
  await worker.start(config);
  await worker.stop();
  expect(own(await worker.models())).toMatchObject([{ step: 1 }]);
  await worker.startWarmup(config, { resume: true });
  await worker.stopWarmup();
});
