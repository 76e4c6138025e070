import { expect, test } from "vitest";
import { findGpu, openDenoPlatform } from "../../../src/app/deno/platform.ts";

test("files on disk are measured and read by ranges", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/model.bin`;
  await Deno.writeFile(
    path,
    Uint8Array.from({ length: 100 }, (_, i) => i),
  );
  const { assetSize, readAsset } = await openDenoPlatform(false);
  expect(await assetSize(path)).toBe(100);
  expect(Array.from(await readAsset(path, 10, 13))).toEqual([10, 11, 12]);
  expect((await readAsset(path)).length).toBe(100);
  // A range past the end gives what there is; the reader of the format notices.
  expect(Array.from(await readAsset(path, 98, 200))).toEqual([98, 99]);
  expect((await readAsset(path, 200, 300)).length).toBe(0);
  expect(await assetSize(folder)).toBeNull();
  expect(await assetSize(`${path}/inside`)).toBeNull();
  expect(await assetSize("../biome.json")).toBeNull();
  await expect(readAsset(`${folder}/none`)).rejects.toThrow(`Expected a file ${folder}/none, found neither`);
  await Deno.remove(folder, { recursive: true });
});

test("the files below a folder are listed, on disk and of a shipped variant", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/data/pictures`, { recursive: true });
  for (const name of ["b.jsonl", "data/a#1.png", "data/pictures/ä ö.png"])
    await Deno.writeTextFile(`${folder}/${name}`, "");
  await Deno.symlink(`${folder}/b.jsonl`, `${folder}/linked.jsonl`);
  await Deno.symlink(folder, `${folder}/round`);
  const { list } = await openDenoPlatform(false);
  expect(await list(folder)).toEqual(["b.jsonl", "data/a#1.png", "data/pictures/ä ö.png", "linked.jsonl"]);
  expect(await list(`${folder}/data/`)).toEqual(["a#1.png", "pictures/ä ö.png"]);
  expect(await list(`${folder}/b.jsonl`)).toBeNull();
  expect(await list(`${folder}/none`)).toBeNull();
  expect(await list("needle")).toContain("model.safetensors");
  await Deno.remove(folder, { recursive: true });
});

test("a folder named like a model on the Hub is read from disk", async () => {
  const folder = await Deno.makeTempDir();
  const before = Deno.cwd();
  Deno.chdir(folder);
  try {
    await Deno.mkdir("owner/name@main", { recursive: true });
    await Deno.writeTextFile("owner/name@main/config.json", "{}");
    const { assetSize, list } = await openDenoPlatform(false);
    expect(await assetSize("owner/name@main/config.json")).toBe(2);
    expect(await assetSize("owner/name@main/none.json")).toBeNull();
    expect(await list("owner/name@main")).toEqual(["config.json"]);
  } finally {
    Deno.chdir(before);
    await Deno.remove(folder, { recursive: true });
  }
});

test("a GPU is found whose device copies, or the sentence says what to do", async () => {
  const { gpu, gpuMissing } = await findGpu("");
  if (!gpu) {
    expect(gpuMissing).toMatch(/^No GPU found, neither by Dawn \(.+\) nor by Deno's own WebGPU; .*(install|update)/);
    return;
  }
  const device = await (await gpu.requestAdapter())!.requestDevice();
  const source = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC });
  const target = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  device.queue.writeBuffer(source, 0, Uint32Array.of(7));
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, target, 0, 4);
  device.queue.submit([encoder.finish()]);
  await target.mapAsync(GPUMapMode.READ);
  expect(new Uint32Array(target.getMappedRange())[0]).toBe(7);
});

test("SACCADE_GPU is checked, and names the missing adapter where it insists on Dawn", async () => {
  await expect(findGpu("cuda")).rejects.toThrow('SACCADE_GPU must be dawn or deno, found "cuda"');
  const { gpu, gpuMissing } = await findGpu("dawn");
  if (!gpu) expect(gpuMissing).toMatch(/^Dawn finds no GPU \(.+\); /);
});
