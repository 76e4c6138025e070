import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readEventsFile } from "../../../../src/app/web/browser/events_file.ts";
import { fetchRecording, recordings } from "../../../../src/app/web/run/recordings.ts";
import { foldAll } from "../../../../src/app/web/run/run_state.ts";
import { scenePictures, sceneTask } from "../../../../src/tasks/sources/scenes.ts";

const [recording] = recordings;
const shipped = readFileSync(new URL(`../../../../public/${recording!.file}`, import.meta.url));
const gunzip = (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();

describe("the recorded run that comes with the page", () => {
  it("holds every step's numbers and whole steps of rollouts, and is small", async () => {
    expect(shipped.length).toBeLessThan(600_000);
    const { events, notices } = readEventsFile("recording", await gunzip(shipped));
    const run = foldAll(events);
    expect(notices).toEqual([]);
    expect(run.head).toMatchObject({ startedAt: "2026-11-24T17:18:48.805Z", config: { preset: "needle", seed: 0 } });
    expect(run.updates.map(({ step }) => step)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(run.steps).toHaveLength(16);
    for (const { groups } of run.steps) expect(groups.map((group) => group!.length)).toEqual(new Array(16).fill(8));
    expect(run.updates[0]!.metrics.accuracy).toBeLessThan(0.3);
    expect(run.updates.at(-1)!.metrics.zoom_rate).toBe(1);
  });

  it("shows the scenes that are rendered today", async () => {
    const { events } = readEventsFile("recording", await gunzip(shipped));
    const { config, steps } = foldAll(events);
    for (const { tasks, step } of steps)
      for (const [i, task] of tasks.entries())
        expect(task).toEqual(sceneTask(config!, { seed: 0, split: "train", step: step - 1, index: i }));
    expect(scenePictures(steps[0]!.tasks[0]!.id, config!)[0]).toMatchObject({ width: 512, height: 512 });
  });
});

describe("fetching a recording", () => {
  afterEach(() => vi.unstubAllGlobals());
  const serve = (body: BodyInit, init: ResponseInit = {}): void => {
    vi.stubGlobal("document", { baseURI: "http://here/page/" });
    vi.stubGlobal("fetch", async () => new Response(body, init));
  };

  it("takes the file as it is, and as a server that knows it unpacks it", async () => {
    serve(shipped, { headers: { "content-type": "application/gzip" } });
    const text = await fetchRecording(recording!);
    expect(text.startsWith('{"type":"run"')).toBe(true);
    serve(text, { headers: { "content-type": "text/plain" } });
    expect(await fetchRecording(recording!)).toBe(text);
  });

  it("says what is wrong", async () => {
    serve("<!doctype html>", { headers: { "content-type": "text/html" } });
    await expect(fetchRecording(recording!)).rejects.toThrow("is not beside this page; build the page anew");
    serve("", { status: 503, statusText: "Busy" });
    await expect(fetchRecording(recording!)).rejects.toThrow("the server answered 503 Busy");
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("no net")));
    await expect(fetchRecording(recording!)).rejects.toThrow("failed (no net); is the server still there?");
  });
});
