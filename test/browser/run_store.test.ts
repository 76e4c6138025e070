import { afterEach, describe, expect, test } from "vitest";
import { openRunStore, removeRun, storedLog, storedRuns } from "../../src/app/web/run_store.ts";
import { resolveConfig } from "../../src/train/config.ts";

const config = resolveConfig({ seed: 5, steps: 40 });
const text = (value: string) => new TextEncoder().encode(value);
const checkpoint = (step: number) => [
  { name: "trainer_state.json", bytes: text(JSON.stringify({ step })) },
  { name: "model.safetensors", bytes: new Uint8Array(300_000).fill(step) },
];

/** Tests of other files keep runs in the same browser at the same time. */
const names = ["needle, seed 5", "needle, seed 6", "a", "b"];
const ownRuns = async () => (await storedRuns()).filter(({ name }) => names.includes(name));

afterEach(async () => {
  for (const { name } of await ownRuns()) await removeRun(name);
});

describe("the runs of a browser", () => {
  test("keep configuration, log and checkpoint, for another look and another visit", async () => {
    const store = await openRunStore("needle, seed 5", config);
    await store.writeConfig(JSON.stringify({ ...config, steps: 41 }));
    await store.appendLog(['{"type":"run"}']);
    await store.appendLog([]);
    await store.appendLog(['{"type":"update","step":1}', '{"type":"update","step":2}']);
    expect(await store.readCheckpoint()).toBeNull();
    await store.writeCheckpoint(checkpoint(1));
    await store.writeCheckpoint(checkpoint(2));
    await store.close();

    const again = await openRunStore("needle, seed 5", resolveConfig({ seed: 6 }));
    expect(JSON.parse(await again.readConfig())).toEqual({ ...config, steps: 41 });
    expect(await again.readCheckpoint()).toEqual(checkpoint(2));
    await again.appendLog(['{"type":"end"}']);
    const log = '{"type":"run"}\n{"type":"update","step":1}\n{"type":"update","step":2}\n{"type":"end"}\n';
    expect(await again.readLog()).toBe(log);
    expect(await storedLog("needle, seed 5")).toBe(log);
    expect(again.place).toBe(`this browser's storage, "needle, seed 5"`);
    expect(await ownRuns()).toMatchObject([{ name: "needle, seed 5", preset: "needle", seed: 5, step: 2, steps: 41 }]);
    await again.close();
  });

  test("let a log be replaced, and go on behind it", async () => {
    const store = await openRunStore("a", config);
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
    const [a, b] = [await openRunStore("a", config), await openRunStore("b", config)];
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
    const fresh = await openRunStore("b", config);
    expect([await fresh.readLog(), await fresh.readCheckpoint()]).toEqual(["", null]);
    await fresh.close();
  });

  test("are written by one tab at a time", async () => {
    const store = await openRunStore("needle, seed 5", config);
    await expect(openRunStore("needle, seed 5", config)).rejects.toThrow(
      'Another tab is writing the run "needle, seed 5"; go on there, close it, or take another seed',
    );
    await (await openRunStore("needle, seed 6", config)).close();
    await store.close();
    await (await openRunStore("needle, seed 5", config)).close();
  });

  test("are not removed while they are written", async () => {
    const store = await openRunStore("a", config);
    await expect(removeRun("a")).rejects.toThrow('The run "a" is under way; end it with Reset');
    await store.writeCheckpoint(checkpoint(1));
    await store.close();
    await removeRun("a");
    expect(await ownRuns()).toEqual([]);
  });
});
