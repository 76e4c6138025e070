import { afterEach, expect, test } from "vitest";
import { openGpuSession } from "../../src/app/session/open_gpu_session.ts";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { storedCheckpoint, storedLog } from "../../src/app/web/worker/run_store.ts";
import { RunWorker } from "../../src/app/web/worker/run_worker.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import { randomFrom } from "../support/fake_scene.ts";

/** `VITE_LOST_DEVICES=20 npm test -- test/browser/lost_device` loses more of them. */
const times = Number(import.meta.env.VITE_LOST_DEVICES ?? 2);

const config = resolveConfig({
  seed: 21,
  // Losses come some seven events apart, and a step has about eight: the run is not to be over before the last of them.
  steps: Math.max(3, Math.ceil(times * 0.6)),
  saveEvery: 2,
  tasksPerStep: 1,
  rolloutsPerTask: 2,
  warmupSteps: 0,
  maxToolCalls: 0,
  firstTurnTokens: 4,
});
const platform = openBrowserPlatform(new URL("/", location.href).href);

/** Devices that were opened; the last one is the run's. */
const devices: GPUDevice[] = [];
const request = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (...options) {
  const device = await request.apply(this, options);
  devices.push(device);
  return device;
};

const newWorker = () => new RunWorker(platform, openGpuSession);
const workers: RunWorker[] = [];

afterEach(async () => {
  for (const worker of workers) await worker.stop().catch(() => {});
  for (const { name, seed } of await newWorker().runs()) if (seed === config.seed) await newWorker().remove(name);
});

/** After step 1 somebody changes the learning rate; after step 2 the rewards. */
async function meddle(worker: RunWorker, event: TrainEvent, done: Set<number>): Promise<void> {
  if (event.type !== "update" || done.has(event.step)) return;
  if (event.step === 1) await worker.change({ learningRate: 1e-3 });
  if (event.step === 2) await worker.change({ bonusWeight: 0.5 });
  done.add(event.step);
}

/** Pulls until the run is over, or until its device is gone. Returns how many events came. */
async function pull(
  worker: RunWorker,
  done: Set<number>,
  loseAfter: { events: number; ms: number } | null,
): Promise<number> {
  for (let events = 0; ; events++) {
    // While the next event is on its way: in the middle of an update, of a read, of a checkpoint.
    if (events === loseAfter?.events) setTimeout(() => devices.at(-1)!.destroy(), loseAfter.ms);
    const event = await worker.next();
    if (event === null) return events;
    await meddle(worker, event, done);
    if (event.type === "end") return events + 1;
  }
}

/** The events of a log without what may differ: times, when it was saved, the heads of those who went on, alarms. */
async function story(name: string): Promise<unknown[]> {
  const lines = (await storedLog(name)).trimEnd().split("\n");
  const timeless = (key: string, value: unknown) =>
    /Ms$|^(startedAt|path|upcoming|peakMemoryBytes)$/.test(key) ? undefined : value;
  return lines
    .map((line) => JSON.parse(line, timeless) as TrainEvent)
    .filter(({ type }, i) => type !== "alarm" && type !== "checkpoint" && (i === 0 || type !== "run"));
}

test(`a run that loses its device up to ${times} times ends as one that does not, bit for bit`, async () => {
  // Both runs in one session: another device would compile all kernels again.
  const worker = newWorker();
  workers.push(worker);
  const reference = await worker.start(config);
  await pull(worker, new Set(), null);

  const random = randomFrom(21);
  const name = await worker.start(config);
  expect(name).not.toBe(reference);
  const done = new Set<number>();
  const moments: string[] = [];
  let over = false;
  while (!over) {
    const lost = moments.length;
    const loseAfter = lost < times ? { events: 3 + Math.floor(random() * 9), ms: random() * 400 } : null;
    try {
      await pull(worker, done, loseAfter);
      over = true;
    } catch (error) {
      expect((error as Error).message).toMatch(/^The GPU device was lost \(.*\); go on from what was saved last$/);
      const run = (await worker.runs()).find((stored) => stored.name === name)!;
      moments.push(`after ${loseAfter?.events} events: made ${run.step}, saved ${run.savedStep}`);
      expect(run.writer).toBeNull();
      await worker.resume(name);
    }
  }
  console.log(moments.join("\n"));
  expect(await story(name)).toEqual(await story(reference));
  const [found, expected] = [await storedCheckpoint(name), await storedCheckpoint(reference)];
  expect(found!.map((file) => file.name)).toEqual(expected!.map((file) => file.name));
  for (const [i, { bytes }] of found!.entries()) expect(sameBytes(bytes, expected![i]!.bytes)).toBe(true);
  // The run may have come to its end before the last of them.
  expect(moments.length).toBeGreaterThanOrEqual(Math.floor(times * 0.9));
}, 3_400_000);

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
