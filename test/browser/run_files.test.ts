import { afterAll, beforeAll, expect, test } from "vitest";
import { readZip } from "../../src/app/archive/zip_reader.ts";
import { configText } from "../../src/app/run/record.ts";
import { runSources } from "../../src/app/run/run_sources.ts";
import { DroppedFiles } from "../../src/app/web/browser/dropped_files.ts";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { restoreRunFiles } from "../../src/app/web/worker/run_file_store.ts";
import { RunFilesWorker } from "../../src/app/web/worker/run_files_worker.ts";
import {
  createRunStore,
  removeRun,
  storedCheckpoint,
  storedLog,
  storedRuns,
  storedSettings,
} from "../../src/app/web/worker/run_store.ts";
import { blobBytes } from "../../src/tasks/byte_source.ts";
import { checkpointFiles } from "../../src/train/checkpoint.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { linesOf, loggedEvents, needleTokenizer } from "../support/logged_run.ts";

const clean = async () => {
  for (const { name } of await storedRuns()) await removeRun(name);
};
beforeAll(clean);
afterAll(clean);

const tokenizer = async () => needleTokenizer;

const rows = '{"image":"a.png","question":"q","answer":"1"}\n{"image":"b.png","question":"q","answer":"2"}\n';

/** A run of this browser over dropped rows. */
async function storedRun() {
  const dropped = new DroppedFiles();
  const given = [
    ["rows.jsonl", rows],
    ["a.png", "picture a"],
    ["b.png", "picture b"],
    ["c.png", "unused"],
  ] as const;
  await dropped.add(given.map(([path, text]) => ({ path: `set/${path}`, file: new File([text], path) })));
  const platform = openBrowserPlatform(`${location.origin}/`, dropped);
  const config = resolveConfig({ steps: 4, data: "dropped/set/rows.jsonl" });
  const sources = await runSources(config, platform);
  const { name, store } = await createRunStore("mine, seed 7", config, sources);
  const events = loggedEvents.map((event) => (event.type === "run" ? { ...event, config, sources } : event));
  await store.appendLog(linesOf(events));
  const values = [{ name: "w", shape: [2], values: new Float32Array([1, 2]) }];
  await store.writeCheckpoint(
    checkpointFiles({ step: 2, config, weights: values, optimizer: { step: 2, m: values, v: values } }),
  );
  await store.writeConfig(configText(config, sources));
  await store.close();
  return { name, worker: new RunFilesWorker(platform, dropped, tokenizer), sources };
}

test("a run goes out with its data, is removed, and comes back with it, in this visit and the next", async () => {
  const { name, worker, sources } = await storedRun();
  const contents = await worker.contents(name);
  expect(contents.checkpoint).toMatchObject({ step: 2 });
  expect(contents.travellers).toMatchObject([{ knob: "data", files: 3 }]);
  expect(contents.leftBehind).toEqual([]);
  const pages = new Uint8Array(await (await worker.pages(name)).arrayBuffer());
  const inside = await readZip(blobBytes("pages.zip", new Blob([pages])));
  expect(inside.map((file) => file.name)).toEqual([
    "mine-seed-7/steps/1.html",
    "mine-seed-7/steps/2.html",
    "mine-seed-7/index.html",
  ]);
  const packed = await worker.pack(name, { checkpoint: true, travellers: ["data"] });
  const before = { log: await storedLog(name), checkpoint: await storedCheckpoint(name) };
  await removeRun(name);

  const dropped = new DroppedFiles();
  const platform = openBrowserPlatform(`${location.origin}/`, dropped);
  const other = new RunFilesWorker(platform, dropped, tokenizer);
  const back = await other.unpack(new File([packed], "mine.zip"));
  expect(back.notices).toEqual([]);
  expect(await storedRuns()).toMatchObject([{ name: back.name, step: 2, savedStep: 2, steps: 4, imported: true }]);
  const config = await storedSettings(back.name);
  expect(config.data).toBe(`dropped/of ${back.name}/data/rows.jsonl`);
  expect((await runSources(config, platform)).map(({ hash }) => hash)).toEqual(sources.map(({ hash }) => hash));
  expect((await storedLog(back.name)).replaceAll(config.data, "dropped/set/rows.jsonl")).toBe(before.log);
  expect((await storedCheckpoint(back.name))!.map(({ name: file }) => file)).toEqual(
    before.checkpoint!.map(({ name: file }) => file),
  );
  // A reload
  const later = new DroppedFiles();
  await restoreRunFiles(later);
  expect(new TextDecoder().decode(await later.read(`dropped/of ${back.name}/data/a.png`))).toBe("picture a");
  expect(await other.kept()).toMatchObject([{ path: config.data, kind: "data", usable: true, files: 3 }]);
  await removeRun(back.name);
  const none = new DroppedFiles();
  await restoreRunFiles(none);
  expect(none.has(config.data)).toBe(false);
});

test("without its data the run asks for the files by their names, and a damaged archive leaves nothing behind", async () => {
  const { name, worker } = await storedRun();
  const packed = await worker.pack(name, { checkpoint: false, travellers: [] });
  const back = await worker.unpack(new File([packed], "mine.zip"));
  expect((await storedSettings(back.name)).data).toBe("dropped/set/rows.jsonl");
  expect(await storedRuns()).toMatchObject(
    expect.arrayContaining([expect.objectContaining({ name: back.name, savedStep: 0 })]),
  );
  const names = (await storedRuns()).map((run) => run.name);
  const whole = new Uint8Array(
    await (await worker.pack(name, { checkpoint: true, travellers: ["data"] })).arrayBuffer(),
  );
  for (const at of [120, Math.floor(whole.length / 2), whole.length - 30]) {
    const broken = whole.slice();
    broken[at]! ^= 0xff;
    await expect(worker.unpack(new File([broken], "mine.zip"))).rejects.toThrow(/mine\.zip|this file|checksum/);
  }
  await expect(worker.unpack(new File([whole.slice(0, 1000)], "mine.zip"))).rejects.toThrow("Expected a zip archive");
  await expect(worker.unpack(new File(["PK\u0003\u0004"], "x.zip"))).rejects.toThrow("Expected a zip archive in x.zip");
  expect((await storedRuns()).map((run) => run.name)).toEqual(names);
});
