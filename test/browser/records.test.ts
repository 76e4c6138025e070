import { afterEach, expect, test } from "vitest";
import { database } from "../../src/app/web/worker/database.ts";
import { RecordsWorker } from "../../src/app/web/worker/records_worker.ts";
import { createRunStore, removeRun, storedRuns } from "../../src/app/web/worker/run_store.ts";
import type { StoredSweep } from "../../src/app/worker_api/records_api.ts";
import { resolveConfig } from "../../src/train/config.ts";

const records = new RecordsWorker();
const config = resolveConfig({ seed: 5, steps: 40, bonus: "none" });
const name = "records of a run";
const own = async () => (await storedRuns()).find((run) => run.name === name);
afterEach(async () => {
  if (await own()) await removeRun(name);
});

const update = (step: number, accuracy: number) =>
  JSON.stringify({ type: "update", step, metrics: { accuracy, zoom_rate: 0.5, reward: 1 }, durationMs: 10 });
const head = JSON.stringify({ type: "run", adapter: "A card", resumedAt: 0 });

test("a run counts what it reached and takes as it is written, also where its log is cut", async () => {
  const { store } = await createRunStore(name, config);
  expect(await own()).toMatchObject({ sizeBytes: 0, settings: { preset: "needle", bonus: "none", seed: 5 } });
  await store.appendLog([head, update(1, 0.25)]);
  await store.appendLog([update(2, 0.75)]);
  const long = (await store.readLog()).length;
  expect(await own()).toMatchObject({
    sizeBytes: long,
    summary: { device: "A card", step: 2, recent: [{ accuracy: 0.25 }, { accuracy: 0.75 }], trainedMs: 20 },
  });
  const files = [
    { name: "trainer_state.json", bytes: new TextEncoder().encode('{"step":1}') },
    { name: "model.safetensors", bytes: new Uint8Array(5000) },
    { name: "optimizer.safetensors", bytes: new Uint8Array(9000) },
  ];
  await store.writeCheckpoint(files);
  const size = (await own())!.sizeBytes!;
  expect(size).toBeGreaterThanOrEqual(long + 14_010 + 5000);
  await store.replaceLog(`${head}\n${update(1, 0.25)}\n`);
  expect((await own())!.summary).toMatchObject({ step: 1, recent: [{ accuracy: 0.25 }], trainedMs: 10 });
  // Counted anew, it is the same.
  const counted = (await own())!;
  const db = await database();
  const { summary: _, sizes: __, ...early } = (await db.get("runs", name))!;
  await db.put("runs", early);
  expect(await own()).toMatchObject({ sizeBytes: null });
  expect(await records.measure(name)).toEqual({ summary: counted.summary, sizeBytes: counted.sizeBytes });
  expect(await own()).toEqual(counted);
  expect(await records.measure("nobody")).toBeNull();
  await store.close();
});

test("a run is renamed, and goes on under the name that links have", async () => {
  const { store } = await createRunStore(name, config);
  await records.rename(name, "  my best run ");
  await store.appendLog([head]);
  expect(await own()).toMatchObject({ name, title: "my best run" });
  await records.rename(name, "");
  expect((await own())!.title).toBeUndefined();
  await expect(records.rename(name, "x".repeat(300))).rejects.toThrow(
    "A name may have 200 characters, found 300; choose a shorter one",
  );
  const other = await createRunStore("another run", config);
  await other.store.close();
  try {
    await records.rename("another run", "the best");
    for (const taken of ["another run", "the best "])
      await expect(records.rename(name, taken)).rejects.toThrow(
        `Another run in this browser is called "${taken.trim()}"; choose another name`,
      );
    expect((await own())!.title).toBeUndefined();
  } finally {
    await removeRun("another run");
  }
  await expect(records.rename("nobody", "x")).rejects.toThrow('This browser holds no run "nobody"');
  await store.close();
});

test("sweeps are kept, changed and forgotten, newest first", async () => {
  const sweep = (id: string): StoredSweep => ({
    id,
    startedAt: `2026-01-0${id.slice(-1)}`,
    sweep: { changes: {}, axes: [{ knob: "seed", values: [1, 2] }] },
    runs: [null, null],
  });
  for (const id of ["test 1", "test 2"]) await records.keepSweep(sweep(id));
  await records.keepSweep({ ...sweep("test 1"), runs: ["a", null] });
  const kept = (await records.sweeps()).filter(({ id }) => id.startsWith("test"));
  expect(kept.map(({ id, runs }) => [id, runs])).toEqual([
    ["test 2", [null, null]],
    ["test 1", ["a", null]],
  ]);
  for (const { id } of kept) await records.removeSweep(id);
  expect((await records.sweeps()).filter(({ id }) => id.startsWith("test"))).toEqual([]);
});
