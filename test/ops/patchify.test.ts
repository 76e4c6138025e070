import { describe, expect, it } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { resize } from "../../src/image/resize.ts";
import { smartResize } from "../../src/image/smart_resize.ts";
import { patchify } from "../../src/ops/patchify.ts";
import { gpu } from "../support/device.ts";
import { patches } from "../support/patches.ts";
import { readBytes, readPng } from "../support/png.ts";

const golden = (file: string) => new URL(`../golden/images/${file}`, import.meta.url);
const mean = [0.5, 0.5, 0.5];
const std = [0.5, 0.5, 0.5];

describe("patches", () => {
  it("is ordered by merge blocks, then channel, frame, row, column", () => {
    // 4 x 4 pixels, patch 1, merge 2: a patch is a pixel, whose red level is its place in reading order.
    const picture = { width: 4, height: 4, data: Uint8Array.from({ length: 48 }, (_, i) => (i % 3 ? 0 : i / 3)) };
    const { values, grid } = patches(picture, {
      patchSize: 1,
      mergeSize: 2,
      temporalPatchSize: 2,
      mean: [0, 1, 0],
      std: [1 / 255, 0.5, 1],
    });
    expect(grid).toEqual({ t: 1, h: 4, w: 4 });
    const perPatch = Array.from({ length: 16 }, (_, p) => [...values.subarray(p * 6, p * 6 + 6)]);
    expect(perPatch.map(([red = Number.NaN]) => Math.round(red))).toEqual([
      0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15,
    ]);
    for (const [red, redAgain, ...rest] of perPatch) {
      expect(redAgain).toBe(red);
      expect(rest).toEqual([-2, -2, 0, 0]);
    }
  });

  it.each([
    { name: "qwen3-plain", patchSize: 8, minPixels: 1024, maxPixels: 30000 },
    { name: "qwen3-deepstack", patchSize: 16, minPixels: 4096, maxPixels: 16384 },
  ])("equals transformers from file to patches: $name", async ({ name, patchSize, minPixels, maxPixels }) => {
    const picture = await readPng(golden(`${name}.png`));
    const levels = await readBytes(golden(`${name}.levels`));
    const size = smartResize(picture.height, picture.width, { factor: 2 * patchSize, minPixels, maxPixels });
    const shown = resize(picture, size.widthPx, size.heightPx);
    const { values, grid } = patches(shown, { patchSize, mergeSize: 2, temporalPatchSize: 2, mean, std });
    const frame = patchSize ** 2;
    expect(grid.h * grid.w * 3 * frame).toBe(levels.length);
    let largest = 0;
    for (let i = 0; i < values.length; i++) {
      const channel = Math.floor(i / frame / 2);
      const level = levels[channel * frame + (i % frame)]!;
      largest = Math.max(largest, Math.abs(values[i]! - (level / 255 - 0.5) / 0.5));
    }
    expect(largest).toBeLessThan(1e-6);
  });

  it("refuses a picture that is not whole blocks", () => {
    const picture = { width: 40, height: 32, data: new Uint8Array(40 * 32 * 3) };
    expect(() => patches(picture, { patchSize: 8, mergeSize: 2, temporalPatchSize: 2, mean, std })).toThrow(
      "multiples of 16 (patch 8 x merge 2), found 40 x 32",
    );
  });

  it("is what the shader computes for two pictures, within a rounding of float32", async () => {
    const settings = { patchSize: 4, temporalPatchSize: 2, mean: [0.5, 0.4, 0.3], std: [0.5, 0.2, 0.3] };
    const pictures = [
      { width: 16, height: 8, data: Uint8Array.from({ length: 16 * 8 * 3 }, (_, i) => (i * 7) % 256) },
      { width: 8, height: 8, data: Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 11) % 256) },
    ];
    const words = new Uint8Array(600);
    const places: number[] = [];
    let byte = 0;
    for (const { width, height, data } of pictures) {
      words.set(data, byte);
      for (let top = 0; top < height / 4; top += 2)
        for (let left = 0; left < width / 4; left += 2)
          for (const [dy, dx] of [
            [0, 0],
            [0, 1],
            [1, 0],
            [1, 1],
          ] as const)
            places.push(byte, top + dy, left + dx, width);
      byte += data.length;
    }
    places.push(0, 0, 0, 0);
    const plan = new Plan(gpu, "patchify");
    const levels = plan.upload("levels", new Uint32Array(words.buffer), [150]);
    const out = patchify(plan, levels, plan.upload("patches", Uint32Array.from(places), [13, 4]), settings);
    plan.run();
    const got = await gpu.read(out);
    const wanted = pictures.flatMap((picture) => [...patches(picture, { ...settings, mergeSize: 2 }).values]);
    for (const [i, value] of wanted.entries()) expect(Math.abs(got[i]! - value)).toBeLessThan(1e-6);
    expect([...got.subarray(wanted.length)].every((value) => value === 0)).toBe(true);
    plan.free();
  });
});
