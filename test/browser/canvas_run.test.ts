import { expect, test } from "vitest";
import { openGpuSession } from "../../src/app/session/open_gpu_session.ts";
import { DroppedFiles } from "../../src/app/web/browser/dropped_files.ts";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { storedCheckpoint, storedLog } from "../../src/app/web/worker/run_store.ts";
import { RunWorker } from "../../src/app/web/worker/run_worker.ts";
import { decode } from "../../src/image/decode.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import type { PictureDecoder } from "../../src/platform.ts";
import { generatedScenes } from "../../src/tasks/sources/scenes.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { TrainEvent } from "../../src/train/events.ts";

/** A picture as a JPEG. */
async function jpegOf({ width, height, data }: Pixels, name: string): Promise<File> {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++)
    image.data.set([data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!, 255], 4 * i);
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return new File([await canvas.convertToBlob({ type: "image/jpeg" })], name);
}

const dropped = new DroppedFiles();
const platform = openBrowserPlatform(new URL("/", location.href).href, dropped);
const { pictures } = platform;
let decoder: Pick<PictureDecoder, "decode"> = pictures!;
// Both runs in one session: another device would compile all kernels again.
const worker = new RunWorker(
  { ...platform, pictures: { ...pictures!, decode: (bytes) => decoder.decode(bytes) } },
  openGpuSession,
  dropped,
);

/** The log without times, and the weights. */
async function run(data: string): Promise<{ story: TrainEvent[]; weights: unknown }> {
  const config = resolveConfig({
    preset: "needle",
    data,
    seed: 29,
    steps: 1,
    tasksPerStep: 1,
    rolloutsPerTask: 6,
    warmupSteps: 0,
    judge: "rules",
  });
  const name = await worker.start(config);
  for (let event = await worker.next(); event && event.type !== "end"; ) event = await worker.next();
  const timeless = (key: string, value: unknown) =>
    /Ms$|^(startedAt|path|upcoming|peakMemoryBytes)$/.test(key) ? undefined : value;
  const lines = (await storedLog(name)).trimEnd().split("\n");
  const story = lines
    .map((line) => JSON.parse(line, timeless) as TrainEvent)
    .filter(({ type }) => type === "group" || type === "update");
  const weights = (await storedCheckpoint(name))!.filter((one) => one.name.endsWith(".safetensors"));
  await worker.remove(name);
  return { story, weights };
}

test("a run on JPEG files has the same bits with the browser's decoder and without", async () => {
  const source = generatedScenes(resolveConfig({ preset: "needle" }), 3);
  const files: File[] = [];
  const rows: string[] = [];
  for (const [i, task] of (await source.take(0, 3)).entries()) {
    const [picture] = await source.pictures(task);
    files.push(await jpegOf(picture!, `${i}.jpg`));
    rows.push(JSON.stringify({ image: `${i}.jpg`, question: task.question, answer: task.answer }));
  }
  files.push(new File([rows.join("\n")], "rows.jsonl"));
  const [list] = await dropped.add(files.map((file) => ({ path: `rows/${file.name}`, file })));
  // The first picture of a kind and size is compared with our own decoder's, and comes from that.
  await pictures!.decode(new Uint8Array(await files[0]!.arrayBuffer()));
  const before = await pictures!.ways();
  const byBrowser = await run(list!.path);
  const after = await pictures!.ways();
  expect([after.problem, after.decoded.own - before.decoded.own]).toEqual([null, 0]);
  expect(after.decoded.canvas).toBeGreaterThan(0);
  const crops = byBrowser.story.flatMap((event) =>
    event.type === "group" ? event.rollouts.flatMap(({ calls }) => calls.filter(({ boxSourcePx }) => boxSourcePx)) : [],
  );
  expect(crops.length).toBeGreaterThan(0);
  let own = 0;
  decoder = {
    decode: (bytes) => {
      own++;
      return decode(bytes);
    },
  };
  expect(byBrowser).toEqual(await run(list!.path));
  expect(own).toBeGreaterThan(0);
});
