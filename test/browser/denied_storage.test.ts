import { afterEach, expect, test, vi } from "vitest";
import { emptyRun, fold } from "../../src/app/web/run/run_state.ts";
import { database } from "../../src/app/web/worker/database.ts";
import {
  createRunStore,
  removeRun,
  storedCheckpoint,
  storedLog,
  storedRuns,
  storedSettings,
} from "../../src/app/web/worker/run_store.ts";
import { storedPieces } from "../../src/app/web/worker/stored_pieces.ts";
import { WeightStore } from "../../src/app/web/worker/weight_store.ts";
import { resolveConfig } from "../../src/train/config.ts";

const config = resolveConfig({ seed: 91, steps: 3 });
const denied = () => {
  throw new DOMException("Access to the IndexedDB API is denied in this context.", "SecurityError");
};
const checkpoint = [
  { name: "trainer_state.json", bytes: new TextEncoder().encode('{"step":2}') },
  { name: "model.safetensors", bytes: new Uint8Array(9) },
];

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("a storage that does not answer is not waited for without end", async () => {
  vi.useFakeTimers();
  const request = Object.setPrototypeOf(new EventTarget(), IDBOpenDBRequest.prototype) as IDBOpenDBRequest;
  const open = vi.spyOn(indexedDB, "open").mockReturnValue(request);
  const first = expect(storedRuns()).rejects.toThrow("The browser's storage does not answer");
  await vi.advanceTimersByTimeAsync(10_000);
  await first;
  // Later questions wait for the same answer, and not as long.
  const second = expect(database()).rejects.toThrow("does not answer");
  await vi.advanceTimersByTimeAsync(500);
  await second;
  expect(open).toHaveBeenCalledTimes(1);
  Object.defineProperty(request, "error", { value: new DOMException("Internal error.", "UnknownError") });
  const third = expect(database()).rejects.toThrow("(Internal error)");
  request.dispatchEvent(new Event("error"));
  await third;
});

test("a browser that keeps nothing says so, and has the run in the page alone", async () => {
  vi.spyOn(indexedDB, "open").mockImplementation(denied);
  await expect(storedRuns()).rejects.toThrow(
    "This browser keeps nothing for this page (Access to the IndexedDB API is denied in this context): runs and models go with the page",
  );
  const { name, store, problem } = await createRunStore("refused", config);
  expect(problem).toContain("This browser keeps nothing for this page");
  await store.appendLog(['{"type":"update","step":1,"metrics":{},"durationMs":1}']);
  await store.appendLog(['{"type":"update","step":2,"metrics":{},"durationMs":1}']);
  await store.writeCheckpoint(checkpoint);
  await store.writeConfig(JSON.stringify({ ...config, steps: 4 }));
  await store.close();
  expect(await storedRuns()).toMatchObject([{ name, step: 2, savedStep: 2, steps: 4, inPageAlone: true }]);
  expect((await storedLog(name)).split("\n")).toHaveLength(3);
  expect((await storedSettings(name)).steps).toBe(4);
  expect(await storedCheckpoint(name)).toEqual(checkpoint);
  const pieces: string[] = [];
  for await (const { text } of storedPieces(name)) pieces.push(text);
  expect(pieces.join("")).toBe(await storedLog(name));
  // Another of the same settings has another name; the page does not call either saved.
  expect((await createRunStore("refused", config)).name).toBe("refused (2)");
  expect(fold(emptyRun, { type: "checkpoint", step: 2, path: store.place }).checkpointStep).toBeNull();
  expect(fold(emptyRun, { type: "checkpoint", step: 2, path: "elsewhere" }).checkpointStep).toBe(2);
  for (const one of [name, "refused (2)"]) await removeRun(one);
  // What failed once works the next time.
  vi.restoreAllMocks();
  expect(await storedRuns()).toEqual(expect.any(Array));
});

test("locks that the browser refuses are said, and no name is looked for without end", async () => {
  vi.spyOn(navigator.locks, "request").mockRejectedValue(new DOMException("The request was denied.", "SecurityError"));
  await expect(createRunStore("refused", config)).rejects.toThrow("(The request was denied)");
});

test("a browser without a file system keeps no weights, and lists none", async () => {
  const source = {
    sizeBytes: async () => 100,
    read: async (_: string, from = 0, to = 100) => new Uint8Array(to - from),
    version: async () => ({ commit: "c", mark: "m" }),
  };
  let refuses = true;
  const root = async () => {
    if (refuses) throw new DOMException("denied", "SecurityError");
    return (await navigator.storage.getDirectory()).getDirectoryHandle("denied-test", { create: true });
  };
  const weights = new WeightStore(source, root, 64);
  expect(await weights.list()).toEqual([]);
  expect((await weights.read("a", 0, 100)).length).toBe(100);
  const all = async () => {
    for await (const _ of weights.pieces("a"));
  };
  await expect(all()).rejects.toThrow("Weights are not kept in this browser (denied)");
  // Once there is room, fetching again keeps them.
  refuses = false;
  await all();
  expect(await weights.list()).toMatchObject([{ path: "a", keptBytes: 100 }]);
  await (await navigator.storage.getDirectory()).removeEntry("denied-test", { recursive: true });
});
