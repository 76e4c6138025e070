import { openDB } from "idb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keptBranches } from "../../src/app/web/worker/branch_store.ts";
import { database } from "../../src/app/web/worker/database.ts";
import { stepsOfKept } from "../../src/app/web/worker/kept_weights.ts";
import { keptMarks } from "../../src/app/web/worker/mark_store.ts";
import { RecordsWorker } from "../../src/app/web/worker/records_worker.ts";
import { createRunStore, storedLog, storedRuns } from "../../src/app/web/worker/run_store.ts";
import { resolveConfig } from "../../src/train/config.ts";

/** What the stores of each version were created with, as pages of that time did it. */
const made: ((db: IDBDatabase) => void)[] = [
  (db) => {
    db.createObjectStore("runs", { keyPath: "name" });
    db.createObjectStore("logs");
    db.createObjectStore("checkpoints");
  },
  (db) => {
    db.createObjectStore("models", { keyPath: "name" });
    db.createObjectStore("modelFiles");
    db.createObjectStore("warmups");
  },
  (db) => void db.createObjectStore("verdicts", { keyPath: "key" }).createIndex("keptAt", "keptAt"),
  (db) => void db.createObjectStore("texts"),
  (db) => void db.createObjectStore("branches", { keyPath: ["tree", "id"] }),
  (db) => void db.createObjectStore("keptWeights"),
];

/** The page's own connection gives way. */
const remove = () =>
  new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase("saccade");
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
beforeAll(remove);
afterAll(remove);

test.each([1, 2, 3, 4, 5, 6])(
  "a browser that holds runs of version %i keeps them, and has what came later",
  async (version) => {
    await remove();
    const old = await openDB("saccade", version, {
      upgrade: (_, __, ___, change) => {
        for (const make of made.slice(0, version)) make(change.db as unknown as IDBDatabase);
      },
    });
    const entry = { name: "old", preset: "needle", seed: 1, step: 2, steps: 3, startedAt: "2026-01-01", config: "{}" };
    await old.put("runs", entry);
    await old.put("logs", '{"type":"update","step":2,"metrics":{},"durationMs":1}\n', ["old", 0]);
    old.close();
    const records = new RecordsWorker();
    expect(await storedRuns()).toMatchObject([{ name: "old", step: 2, savedStep: 2, sizeBytes: null }]);
    expect((await records.measure("old"))!.summary).toMatchObject({ step: 2 });
    expect(await storedRuns()).toMatchObject([{ name: "old", summary: { step: 2 }, sizeBytes: 55 }]);
    expect(await records.sweeps()).toEqual([]);
    expect(await storedLog("old")).toBe('{"type":"update","step":2,"metrics":{},"durationMs":1}\n');
    expect(await keptBranches("old")).toEqual([]);
    expect(await keptMarks("old")).toEqual([]);
    expect(await stepsOfKept("old")).toEqual([]);
  },
);

test("a run goes on where a newer page has changed the stores", async () => {
  const { name, store } = await createRunStore("older page", resolveConfig({ seed: 92 }));
  await store.appendLog(["1"]);
  const newer = await openDB("saccade", 8, { upgrade: (db) => void db.createObjectStore("ofLater") });
  await store.appendLog(["2"]);
  newer.close();
  expect((await database()).version).toBe(8);
  expect(await storedLog(name)).toBe("1\n2\n");
  await store.close();
});

test("what a newer page took away is said", async () => {
  await remove();
  (await openDB("saccade", 8, { upgrade: (db) => void db.createObjectStore("ofLater") })).close();
  await expect(storedRuns()).rejects.toThrow("A newer version of this page has changed what this browser keeps");
});
