import { afterEach, expect, test } from "vitest";
import { database } from "../../src/app/web/database.ts";
import { verdictStore } from "../../src/app/web/verdict_store.ts";

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

test("replies lie in a store of their own beside runs and models", async () => {
  const db = await database();
  expect(db.version).toBe(3);
  expect([...db.objectStoreNames]).toEqual([
    "checkpoints",
    "logs",
    "modelFiles",
    "models",
    "runs",
    "verdicts",
    "warmups",
  ]);
});
