import { expect, test } from "vitest";
import { Gpu } from "../../src/gpu/gpu.ts";
import { crop } from "../../src/image/crop.ts";
import { cropped, derived, resized } from "../../src/image/derived.ts";
import type { Box, Pixels } from "../../src/image/pixels.ts";
import { resize } from "../../src/image/resize.ts";
import { GpuPictures, type WantedPicture } from "../../src/model/pictures/gpu_pictures.ts";
import { Random } from "../../src/tasks/random.ts";
import { renderWindow, wholeScene } from "../../src/tasks/scenes/render.ts";
import { randomScene } from "../../src/tasks/scenes/scene.ts";
import { sceneWords } from "../../src/tasks/scenes/scene_words.ts";

/** Bytes of pictures that a device writes into a tensor, one after another; whole words each. */
async function written(gpu: Gpu, shown: readonly Pixels[]): Promise<Uint8Array> {
  let firstByte = 0;
  const places = shown.map((pixels): WantedPicture => {
    const place = { pixels, firstByte };
    firstByte += pixels.width * pixels.height * 3;
    return place;
  });
  const to = gpu.empty("levels", [firstByte / 4], "u32");
  GpuPictures.of(gpu).write(to, places);
  const [words] = await gpu.readUint(to);
  return new Uint8Array(words!.buffer);
}

test("Chromium resizes on its device to the bytes of the host", async () => {
  const gpu = await Gpu.open(navigator.gpu);
  const data = Uint8Array.from({ length: 300 * 200 * 3 }, (_, i) => (i * i * 7 + i) >> 3);
  const whole = { width: 300, height: 200, data };
  const box: Box = [13, 100, 77, 161];
  const wanted = [resize(whole, 64, 64), resize(crop(whole, box), 96, 64), resize(crop(whole, box), 16, 8)];
  const shown = [resized(whole, 64, 64), resized(cropped(whole, box), 96, 64), resized(cropped(whole, box), 16, 8)];
  expect([...(await written(gpu, shown))]).toEqual(wanted.flatMap(({ data }) => [...data]));
  gpu.close();
});

test("Chromium renders scenes of two sizes on its device to the bytes of the host, on every ground", async () => {
  const gpu = await Gpu.open(navigator.gpu);
  const grounds = ["plain", "clouds", "bricks", "rubble", "stripes"] as const;
  const scenes = grounds.map((ground, i) => {
    const sidePx = i % 2 ? 64 : 96;
    const sizes = { sizeMinPx: 6, sizeMaxPx: 50, dotPx: 1.3, sidePx, gapPx: -9 };
    return randomScene(new Random(i, [8]), { objects: 6, ...sizes, ground, text: () => "GNU5" });
  });
  const onHost = scenes.map((scene) => renderWindow(scene, wholeScene(scene), scene.sidePx));
  const onDevice = scenes.map((scene) => {
    const size = { width: scene.sidePx, height: scene.sidePx };
    return derived(size, { kind: "scene", words: sceneWords(scene) }, () => expect.unreachable());
  });
  // At their own size a resize changes nothing.
  const shown = onDevice.map((picture) => resized(picture, picture.width, picture.height));
  const bytes = await written(gpu, shown);
  const wanted = onHost.flatMap(({ data }) => [...data]);
  expect(wanted.findIndex((byte, i) => byte !== bytes[i])).toBe(-1);
  gpu.close();
});
