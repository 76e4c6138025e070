import { expect, test } from "vitest";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import { Gpu } from "../../../src/gpu/gpu.ts";
import type { CheckpointFiles } from "../../../src/model/checkpoint_files.ts";
import { loadModel } from "../../../src/model/load.ts";
import { readHeader } from "../../../src/model/safetensors.ts";
import type { Platform } from "../../../src/platform.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import tokenizerJson from "../../golden/tokenizer-needle.json" with { type: "json" };
import { ownGpu } from "../../support/one_device.ts";
import { rawSafetensors } from "../../support/raw_safetensors.ts";
import { platform as shipped } from "../../support/shipped.ts";
import { tinyQwenFiles } from "../../support/tiny_qwen.ts";

// Of its own: what is free in a pool that others have used says nothing of these loads.
const gpu = await Gpu.open(navigator.gpu);
const files = tinyQwenFiles(tokenizerJson);
const config = resolveConfig({
  model: "tiny",
  tasksPerStep: 1,
  rolloutsPerTask: 2,
  firstTurnTokens: 4,
  loraRank: 2,
  maxPixels: 112 * 112,
});

/** The tiny model's folder; `onRead` is called for every read of its weights, and may give fewer bytes. */
function platformOf(onRead: (reads: number) => number | undefined, seen: GPUDevice[] = []): Platform {
  const find = (path: string) => files.find(({ name }) => `tiny/${name}` === path)?.bytes;
  let reads = 0;
  // What is asked for an adapter keeps the devices that it gives.
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = (await ownGpu!.requestAdapter(options))!;
    const request = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (...of) => {
      const device = await request(...of);
      seen.push(device);
      return device;
    };
    return adapter;
  };
  return {
    ...shipped,
    gpu: { requestAdapter } as unknown as GPU,
    assetSize: async (path) => find(path)?.length ?? null,
    readAsset: async (path, start = 0, end) => {
      const bytes = find(path)!.slice(start, end);
      const fewer = path.endsWith("model.safetensors") ? onRead(reads++) : undefined;
      return fewer === undefined ? bytes : bytes.subarray(0, bytes.length - fewer);
    },
  };
}

const generated = async (platform: Platform) => {
  const session = await openGpuSession(platform, config);
  const rolled = [];
  for await (const { rollouts } of session.roll({ tasks: 1, rolloutsPerTask: 2, greedy: false }))
    rolled.push(...rollouts.map(({ segments }) => segments));
  session.close();
  return rolled;
};

test("a device that is lost while a model is loaded is reported, and the next load has nothing of it", async () => {
  const devices: GPUDevice[] = [];
  let losing = true;
  const platform = platformOf((reads) => {
    if (losing && reads === 20) devices.at(-1)!.destroy();
    return undefined;
  }, devices);
  await expect(openGpuSession(platform, config)).rejects.toThrow("The GPU device was lost");
  losing = false;
  expect(await generated(platform)).toEqual(await generated(platformOf(() => undefined)));
  expect(devices.length).toBe(2);
});

test("a load that fails gives back what it took", async () => {
  const load = (fewerAt: number) => {
    const platform = platformOf((reads) => (reads === fewerAt ? 3 : undefined));
    const folder: CheckpointFiles = {
      sizeBytes: (name) => platform.assetSize(`tiny/${name}`),
      read: (name, start, end) => platform.readAsset(`tiny/${name}`, start, end),
    };
    return loadModel(gpu, folder, { trained: true });
  };
  const taken: number[] = [];
  for (const fewerAt of [-1, 20, 30]) {
    const before = gpu.pool.allocatedBytes;
    if (fewerAt < 0) (await load(fewerAt)).parameters.free();
    else
      await expect(load(fewerAt)).rejects.toThrow(
        /^model\.safetensors: expected \d+ bytes from byte \d+ on, found \d+; is the download complete\?$/,
      );
    taken.push(gpu.pool.allocatedBytes - before);
  }
  // The first found the pool empty.
  expect(taken[1]).toBeLessThan(taken[0]!);
  expect(taken[2]).toBe(taken[1]);
});

test("a shard that is cut short is named with both sizes before anything is allocated", async () => {
  const bytes = files.find(({ name }) => name === "model.safetensors")!.bytes;
  const { tensors } = await readHeader(bytes, bytes.length);
  const half = Math.floor(tensors.length / 2);
  const shard = (some: typeof tensors) =>
    rawSafetensors(some.map((one) => ({ ...one, data: bytes.slice(one.startByte, one.endByte) })));
  const shards = { "a.safetensors": shard(tensors.slice(0, half)), "b.safetensors": shard(tensors.slice(half)) };
  const whole = shards["b.safetensors"].length;
  const index = {
    weight_map: Object.fromEntries(tensors.map(({ name }, i) => [name, i < half ? "a.safetensors" : "b.safetensors"])),
  };
  const folder = new Map<string, Uint8Array>([
    ...files.filter(({ name }) => name !== "model.safetensors").map(({ name, bytes: of }) => [name, of] as const),
    ["model.safetensors.index.json", new TextEncoder().encode(JSON.stringify(index))],
    ...Object.entries(shards),
  ]);
  const checkpoint: CheckpointFiles = {
    sizeBytes: async (name) => folder.get(name)?.length ?? null,
    read: async (name, start, end) => folder.get(name)!.slice(start, end),
  };
  (await loadModel(gpu, checkpoint, { trained: false })).parameters.free();
  const before = gpu.pool.allocatedBytes;
  folder.set("b.safetensors", shards["b.safetensors"].slice(0, -1000));
  await expect(loadModel(gpu, checkpoint, { trained: false })).rejects.toThrow(
    `b.safetensors: the tensors end at byte ${whole}, but the file has ${whole - 1000} bytes; is the download complete?`,
  );
  folder.set("b.safetensors", shards["b.safetensors"].slice(0, 100));
  await expect(loadModel(gpu, checkpoint, { trained: false })).rejects.toThrow(
    /^b\.safetensors: the header says that it has \d+ bytes, but the file has only 100 in all/,
  );
  expect(gpu.pool.allocatedBytes).toBe(before);
});
