import { expect, test } from "vitest";
import { Gpu } from "../../src/gpu/gpu.ts";
import { crop } from "../../src/image/crop.ts";
import { cropped, resized } from "../../src/image/derived.ts";
import type { Box } from "../../src/image/pixels.ts";
import { resize } from "../../src/image/resize.ts";
import { GpuPictures } from "../../src/model/pictures/gpu_pictures.ts";

test("Chromium resizes on its device to the bytes of the host", async () => {
  const gpu = await Gpu.open(navigator.gpu);
  const data = Uint8Array.from({ length: 300 * 200 * 3 }, (_, i) => (i * i * 7 + i) >> 3);
  const whole = { width: 300, height: 200, data };
  const box: Box = [13, 100, 77, 161];
  const wanted = [resize(whole, 64, 64), resize(crop(whole, box), 96, 64), resize(crop(whole, box), 16, 8)];
  const shown = [resized(whole, 64, 64), resized(cropped(whole, box), 96, 64), resized(cropped(whole, box), 16, 8)];
  const bytes = wanted.reduce((sum, { data }) => sum + data.length, 0);
  const to = gpu.empty("levels", [bytes / 4], "u32");
  let firstByte = 0;
  const places = shown.map((pixels) => {
    const place = { pixels, firstByte };
    firstByte += pixels.width * pixels.height * 3;
    return place;
  });
  GpuPictures.of(gpu).write(to, places);
  const [words] = await gpu.readUint(to);
  expect([...new Uint8Array(words!.buffer)]).toEqual(wanted.flatMap(({ data }) => [...data]));
  gpu.close();
});
