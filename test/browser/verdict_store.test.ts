import { afterEach, expect, test } from "vitest";
import { database, StorageFull, write } from "../../src/app/web/worker/database.ts";
import { verdictStore } from "../../src/app/web/worker/verdict_store.ts";

afterEach(async () => (await database()).clear("verdicts"));

test("replies are kept for another visit, under what was asked", async () => {
  await verdictStore().put("a", '{"verdict": 1}');
  expect(await verdictStore().get("a")).toBe('{"verdict": 1}');
  expect(await verdictStore().get("b")).toBeNull();
});

test("of too many replies the oldest go, and what is no verdict is not kept", async () => {
  const store = verdictStore(3);
  const db = await database();
  for (const [i, key] of ["e", "d", "c", "b"].entries()) await db.put("verdicts", { key, reply: key, keptAt: i });
  await store.put("a", "a");
  expect((await db.getAllKeys("verdicts")).sort()).toEqual(["a", "b", "c"]);
  await store.put("long", "x".repeat(5000));
  expect(await store.get("long")).toBeNull();
});

test("where the storage is full the older half makes room", async () => {
  const db = await database();
  for (const [i, key] of ["d", "c", "b", "a"].entries()) await db.put("verdicts", { key, reply: key, keptAt: i });
  const roomFor3: typeof write = async (names, what, work) => {
    if ((await db.count("verdicts")) >= 3) throw new StorageFull("full");
    await write(names, what, work);
  };
  const store = verdictStore(100, roomFor3);
  await Promise.all([store.put("new", "1"), store.put("newer", "2")]);
  // Both were asked for at once: room was made once, and there was enough of it for one of them.
  const kept = await db.getAllKeys("verdicts");
  expect(kept).toContain("a");
  expect(kept).toContain("b");
  expect(kept).not.toContain("c");
  expect(kept).not.toContain("d");
});

test("where there is no room at all, no more is written in this visit, and nothing fails", async () => {
  let tried = 0;
  const none: typeof write = async () => {
    tried++;
    throw new StorageFull("full");
  };
  const store = verdictStore(100, none);
  for (const key of ["a", "b", "c"]) await store.put(key, "1");
  expect(tried).toBe(2);
  expect(await store.get("a")).toBeNull();
});

test("replies lie in a store of their own beside runs and models", async () => {
  const db = await database();
  expect([...db.objectStoreNames]).toEqual([
    "branches",
    "checkpoints",
    "keptWeights",
    "logs",
    "marks",
    "modelFiles",
    "models",
    "runFiles",
    "runs",
    "sweeps",
    "texts",
    "verdicts",
    "warmups",
  ]);
});
