import { afterAll, beforeAll, expect, test } from "vitest";
import { readZip, unpackWhole } from "../../src/app/archive/zip_reader.ts";
import { configText } from "../../src/app/run/record.ts";
import { DroppedFiles } from "../../src/app/web/browser/dropped_files.ts";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { createRunStore, removeRun, storedRuns } from "../../src/app/web/worker/run_store.ts";
import { verlArchive } from "../../src/app/web/worker/verl_archive.ts";
import { blobBytes } from "../../src/tasks/byte_source.ts";
import { checkpointFiles } from "../../src/train/checkpoint.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { linesOf, loggedEvents } from "../support/logged_run.ts";

const clean = async () => {
  for (const { name } of await storedRuns()) await removeRun(name);
};
beforeAll(clean);
afterAll(clean);

test("a run of this browser goes out for verl: its scenes are rendered here, and its weights are those of the checkpoint", async () => {
  const platform = openBrowserPlatform(`${location.origin}/`, new DroppedFiles());
  const config = resolveConfig({ steps: 2, tasksPerStep: 2, evalTasks: 1 });
  const { name, store } = await createRunStore("mine", config, []);
  await store.appendLog(
    linesOf(loggedEvents.filter(({ type }) => type === "run").map((event) => ({ ...event, config }))),
  );
  const values = [{ name: "w", shape: [2], values: new Float32Array([1, 2]) }];
  await store.writeCheckpoint(
    checkpointFiles({ step: 2, config, weights: values, optimizer: { step: 2, m: values, v: values } }),
  );
  await store.writeConfig(configText(config, []));
  await store.close();
  const { archive, name: folder } = await verlArchive(platform, name, 3);
  expect(folder).toBe("mine-verl");
  const source = blobBytes("export.zip", archive);
  const files = new Map((await readZip(source)).map((file) => [file.name, file]));
  const text = async (path: string) =>
    new TextDecoder().decode(await unpackWhole(source, files.get(`mine-verl/${path}`)!, 2 ** 24));
  expect(await text("README.md")).toContain("3 rows to train on, 1 held out");
  expect(await text("run.sh")).toContain("trainer.total_training_steps=2");
  expect((await text("rollouts/rollouts.jsonl")).trim().split("\n").length).toBeGreaterThan(15);
  expect(await text("saccade_verl/tools.py")).toContain("class SaccadeTool(BaseTool)");
  expect(files.get("mine-verl/data/train.parquet")!.sizeBytes).toBeGreaterThan(50_000);
  expect(files.get("mine-verl/model/model.safetensors")!.sizeBytes).toBeLessThan(1000);
  await expect(verlArchive(platform, "none of these", 3)).rejects.toThrow(/none of these/);
}, 60_000);
