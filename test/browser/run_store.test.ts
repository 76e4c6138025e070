import { afterEach, describe, expect, test } from "vitest";
import { database, write } from "../../src/app/web/worker/database.ts";
import { keepMark, keptMarks } from "../../src/app/web/worker/mark_store.ts";
import { createRunStore, openRunStore, removeRun, storedLog, storedRuns } from "../../src/app/web/worker/run_store.ts";
import { resolveConfig } from "../../src/train/config.ts";

const config = resolveConfig({ seed: 5, steps: 40 });
const text = (value: string) => new TextEncoder().encode(value);
const checkpoint = (step: number) => [
  { name: "trainer_state.json", bytes: text(JSON.stringify({ step })) },
  { name: "model.safetensors", bytes: new Uint8Array(300_000).fill(step) },
];

/** Tests of other files keep runs in the same browser at the same time. */
const names = ["needle, seed 5", "needle, seed 5 (2)", "a", "b"];
const create = async (name: string) => (await createRunStore(name, config)).store;
const ownRuns = async () => (await storedRuns()).filter(({ name }) => names.includes(name));

afterEach(async () => {
  for (const { name } of await ownRuns()) await removeRun(name);
});

describe("the runs of a browser", () => {
  test("keep configuration, log and checkpoint, for another look and another visit", async () => {
    const store = await create("needle, seed 5");
    await store.writeConfig(JSON.stringify({ ...config, steps: 41 }));
    await store.appendLog(['{"type":"run"}']);
    await store.appendLog([]);
    await store.appendLog(['{"type":"update","step":1}', '{"type":"update","step":2}']);
    expect(await store.readCheckpoint()).toBeNull();
    await store.writeCheckpoint(checkpoint(1));
    await store.writeCheckpoint(checkpoint(2));
    await store.close();

    const again = await openRunStore("needle, seed 5");
    expect(JSON.parse(await again.readConfig())).toEqual({ ...config, steps: 41 });
    expect(await again.readCheckpoint()).toEqual(checkpoint(2));
    await again.appendLog(['{"type":"end"}']);
    const log = '{"type":"run"}\n{"type":"update","step":1}\n{"type":"update","step":2}\n{"type":"end"}\n';
    expect(await again.readLog()).toBe(log);
    expect(await storedLog("needle, seed 5")).toBe(log);
    expect(again.place).toBe(`this browser's storage, "needle, seed 5"`);
    expect(await ownRuns()).toMatchObject([
      { name: "needle, seed 5", preset: "needle", seed: 5, step: 2, savedStep: 2, steps: 41 },
    ]);
    await again.close();
  });

  test("let a log be replaced, and go on behind it", async () => {
    const store = await create("a");
    for (const line of ["1", "2", "3"]) await store.appendLog([line]);
    await store.replaceLog("1\n");
    await store.appendLog(["4"]);
    expect(await store.readLog()).toBe("1\n4\n");
    await store.replaceLog("");
    expect(await store.readLog()).toBe("");
    await store.appendLog(["5"]);
    expect(await store.readLog()).toBe("5\n");
    await store.close();
  });

  test("do not mix, come newest first, and go without a trace", async () => {
    const [a, b] = [await create("a"), await create("b")];
    await a.appendLog(["of a"]);
    await b.appendLog(["of b"]);
    await b.writeCheckpoint(checkpoint(7));
    expect(await a.readLog()).toBe("of a\n");
    await a.close();
    await b.close();
    expect((await ownRuns()).map(({ startedAt }) => startedAt)).toEqual(
      (await ownRuns())
        .map(({ startedAt }) => startedAt)
        .sort()
        .reverse(),
    );
    await removeRun("b");
    expect((await ownRuns()).map(({ name }) => name)).toEqual(["a"]);
    await expect(storedLog("b")).rejects.toThrow('This browser holds no run "b"');
    const fresh = await create("b");
    expect([await fresh.readLog(), await fresh.readCheckpoint()]).toEqual(["", null]);
    await fresh.close();
  });

  test("are written by one tab at a time", async () => {
    const store = await create("needle, seed 5");
    await expect(openRunStore("needle, seed 5")).rejects.toThrow(
      'Another tab is writing the run "needle, seed 5"; go on there, or close that tab first',
    );
    expect((await ownRuns()).map(({ writer }) => writer)).toEqual(["elsewhere"]);
    expect((await storedRuns("needle, seed 5")).find(({ name }) => name === "needle, seed 5")!.writer).toBe("here");
    // A new run of the same settings takes another name, and mixes with nothing.
    const other = await createRunStore("needle, seed 5", config);
    expect(other.name).toBe("needle, seed 5 (2)");
    await other.store.close();
    await store.close();
    await (await openRunStore("needle, seed 5")).close();
    expect((await ownRuns()).map(({ writer }) => writer)).toEqual([null, null]);
    await expect(openRunStore("nobody")).rejects.toThrow('This browser holds no run "nobody"');
  });

  test("count what was made beside what is saved", async () => {
    const made = async () => (await ownRuns()).map(({ step, savedStep, steps }) => [step, savedStep, steps]);
    const store = await create("a");
    expect(await made()).toEqual([[0, 0, 40]]);
    await store.appendLog(['{"type":"run","resumedAt":0}', '{"type":"tasks","step":0}', '{"type":"update","step":1}']);
    await store.appendLog(['{"type":"update","step":2}', '{"type":"eval","step":2}']);
    expect(await made()).toEqual([[2, 0, 40]]);
    await store.writeCheckpoint(checkpoint(2));
    await store.appendLog(['{"type":"update","step":3}']);
    expect(await made()).toEqual([[3, 2, 40]]);
    await store.replaceLog('{"type":"run","resumedAt":0}\n{"type":"update","step":1}\n{"type":"update","step":2}\n');
    await store.appendLog(['{"type":"run","resumedAt":2}']);
    expect(await made()).toEqual([[2, 2, 40]]);
    // Settings are noted while a step is being logged.
    await Promise.all([
      store.writeConfig(JSON.stringify({ ...config, steps: 50 })),
      store.appendLog(['{"type":"update","step":3}']),
      store.writeCheckpoint(checkpoint(3)),
    ]);
    expect(await made()).toEqual([[3, 3, 50]]);
    await store.close();
  });

  test("of early pages are counted by their logs", async () => {
    await (await create("a")).close();
    const db = await database();
    const { loggedStep: _, ...early } = (await db.get("runs", "a"))!;
    await db.put("runs", early);
    await db.put("logs", '{"type":"run","resumedAt":0}\n{"type":"update","step":1}\n', ["a", 0]);
    await db.put("logs", '{"type":"update","step":2}\n{"type":"eval","step":2}\n', ["a", 1]);
    await db.put("logs", '{"type":"tasks","step":2}\n', ["a", 2]);
    expect(await ownRuns()).toMatchObject([{ step: 2, savedStep: 0 }]);
  });

  test("stay as they were where a write breaks off", async () => {
    const store = await create("a");
    await store.appendLog(['{"type":"update","step":1}']);
    await store.writeCheckpoint(checkpoint(1));
    const failing = write(["runs", "logs", "checkpoints"], "a test", (change) => [
      change.objectStore("checkpoints").put(checkpoint(9), "a"),
      change.objectStore("logs").delete(IDBKeyRange.bound(["a", 0], ["a", 9])),
      Promise.resolve().then(() => change.abort()),
    ]);
    await expect(failing).rejects.toThrow("The browser refused to store a test");
    expect(await store.readCheckpoint()).toEqual(checkpoint(1));
    expect(await store.readLog()).toBe('{"type":"update","step":1}\n');
    await store.close();
  });

  test("begin without what was said of one that was removed", async () => {
    await keepMark("a", { rollout: "1·0·0", note: "of before", tags: [], judgeWrong: false, madeAt: "" });
    await (await create("a")).close();
    expect(await keptMarks("a")).toEqual([]);
  });

  test("are not removed while they are written", async () => {
    const store = await create("a");
    await expect(removeRun("a")).rejects.toThrow('The run "a" is under way; end it with Reset');
    await store.writeCheckpoint(checkpoint(1));
    await store.close();
    await removeRun("a");
    expect(await ownRuns()).toEqual([]);
  });
});
