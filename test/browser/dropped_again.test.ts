import { afterEach, expect, test } from "vitest";
import { DroppedFiles } from "../../src/app/web/browser/dropped_files.ts";
import { runName } from "../../src/app/web/labels/run_name.ts";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { RunWorker } from "../../src/app/web/worker/run_worker.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import { fakeSession } from "../support/fake_session.ts";

const base = new URL("/", location.href).href;
const config = resolveConfig({ seed: 4711, steps: 4, saveEvery: 1, data: "dropped/2 files" });
const trace = { trace: false };

/** A page as it is after loading: nothing has been dropped yet. */
function visit() {
  const dropped = new DroppedFiles();
  const platform = openBrowserPlatform(base, dropped);
  return { platform, worker: new RunWorker(platform, async (_, wanted) => fakeSession(wanted), dropped) };
}

const rows = '{"image":"a.png","question":"What?","answer":"7"}\n';
const files = ({ list = rows, picture = "abc", folder = "" } = {}) =>
  Object.entries({ "rows.jsonl": list, "a.png": picture }).map(([name, text]) => ({
    path: folder + name,
    file: new File([text], name, { lastModified: 1 }),
  }));

async function until(worker: RunWorker, last: string): Promise<TrainEvent[]> {
  const seen: TrainEvent[] = [];
  for (let event = await worker.next(); event; event = await worker.next()) {
    seen.push(event);
    if (`${event.type} ${"step" in event ? event.step : ""}` === last) break;
  }
  return seen;
}

async function stoppedRun(): Promise<void> {
  const { worker } = visit();
  await worker.drop(files());
  await worker.open(config, trace);
  await worker.start(config);
  const [head] = await until(worker, "update 2");
  expect(head).toMatchObject({
    sources: [{ knob: "data", part: "rows", files: 2 }, { knob: "model" }, { knob: "model" }],
  });
  await worker.stop();
}

afterEach(async () => {
  const { worker } = visit();
  for (const { name, seed } of await worker.runs()) if (seed === config.seed) await worker.remove(name);
});

test("after a reload the same files are asked for by name, others are refused, and the same go on", async () => {
  await stoppedRun();
  const { worker } = visit();
  await expect(worker.open(config, trace)).rejects.toThrow(
    "The data of this run (2 files) was dropped in an earlier visit; drop the same files here again: rows.jsonl, a.png, 53 bytes in all",
  );
  for (const [other, detail] of [
    [{ picture: "abd" }, "a.png has the same size and other content"],
    [{ list: rows.replace("7", "8") }, "rows.jsonl has the same size and other content"],
    [{ picture: "abcd" }, "a.png had 3 bytes and has 4"],
  ] as const) {
    await worker.drop(files(other));
    expect((await worker.open(config, trace)).resumable).toMatchObject({ step: 2 });
    await expect(worker.resume(runName(config))).rejects.toThrow(
      new RegExp(
        `^dropped/2 files does not hold the data of the run: expected .*; ${detail}; drop the same files again, or begin a new run$`,
      ),
    );
  }
  await worker.drop(files());
  await worker.open(config, trace);
  await worker.resume(runName(config));
  expect((await until(worker, "end 4")).at(-1)).toEqual({ type: "end", step: 4, reason: "done" });
});

test("the same files are known where they come as a folder, and others are not", async () => {
  await stoppedRun();
  const { worker, platform } = visit();
  await worker.drop(files({ folder: "other/", picture: "xyz" }));
  await expect(worker.open(config, trace)).rejects.toThrow("drop the same files here again: rows.jsonl, a.png");
  await worker.drop(files({ folder: "mine/" }));
  expect(await platform.list("dropped/2 files")).toEqual(["a.png", "rows.jsonl"]);
  expect((await worker.open(config, trace)).resumable).toMatchObject({ step: 2 });
  await worker.resume(runName(config));
  await until(worker, "end 4");
});

test("files that a run reads are not replaced under it", async () => {
  const { worker, platform } = visit();
  const text = async (path: string) => new TextDecoder().decode(await platform.readAsset(path));
  await worker.drop(files());
  await worker.open(config, trace);
  await worker.start(config);
  await until(worker, "update 1");
  expect((await worker.drop(files()))[0]).toMatchObject({ path: "dropped/2 files" });
  expect((await worker.drop(files({ picture: "abd!" })))[0]).toMatchObject({ path: "dropped/2 files (2)" });
  expect([await text("dropped/2 files/a.png"), await text("dropped/2 files (2)/a.png")]).toEqual(["abc", "abd!"]);
  await worker.stop();
  expect((await worker.drop(files({ picture: "abd!" })))[0]).toMatchObject({ path: "dropped/2 files" });
  expect(await text("dropped/2 files/a.png")).toBe("abd!");
});

test("a model that is dropped again must be the same where an adapter is trained on it", async () => {
  const own = { ...config, data: "", model: "dropped/m", loraRank: 4 };
  const model = (weights: string) =>
    Object.entries({
      "config.json": '{"model_type":"x"}',
      "preprocessor_config.json": "{}",
      "tokenizer.json": "{}",
      "model.safetensors": weights,
    }).map(([name, content]) => ({ path: `m/${name}`, file: new File([content], name) }));
  const first = visit();
  await first.worker.drop(model("one"));
  await first.worker.open(own, trace);
  await first.worker.start(own);
  await until(first.worker, "update 2");
  await first.worker.stop();

  const { worker } = visit();
  await expect(worker.open(own, trace)).rejects.toThrow(
    "The model of this run (m) was dropped in an earlier visit; drop the same files here again: config.json, preprocessor_config.json, tokenizer.json",
  );
  await worker.drop(model("two"));
  await worker.open(own, trace);
  await expect(worker.resume(runName(own))).rejects.toThrow(
    "dropped/m does not hold the weights of the model: expected model.safetensors, 3 bytes",
  );
  await worker.drop(model("one"));
  await worker.open(own, trace);
  await worker.resume(runName(own));
  await until(worker, "end 4");
});
