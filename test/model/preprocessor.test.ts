import { describe, expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import type { CheckpointFiles } from "../../src/model/checkpoint_files.ts";
import { preprocessorIn, readConfig } from "../../src/model/families/read_files.ts";
import { type Json, readJson } from "../../src/model/json_file.ts";
import { readPreprocessor } from "../../src/model/preprocessor.ts";
import { patchify } from "../../src/ops/patchify.ts";
import bilinear from "../golden/faults/preprocessor-ignored/pre_bilinear.json" with { type: "json" };
import noNorm from "../golden/faults/preprocessor-ignored/pre_no_norm.json" with { type: "json" };
import patchOther from "../golden/faults/preprocessor-ignored/pre_patch_other.json" with { type: "json" };
import processor from "../golden/faults/transformers5-processor/processor_config.json" with { type: "json" };
import { gpu } from "../support/device.ts";
import { goldenFiles } from "../support/golden.ts";

const whole: Json = { ...noNorm, do_normalize: true };
const clipMean = [0.48145466, 0.4578275, 0.40821073];
const clipStd = [0.26862954, 0.26130258, 0.27577711];

const folder = (more: Record<string, unknown>): CheckpointFiles => {
  const files: Record<string, unknown> = { "config.json": { model_type: "qwen2_5_vl" }, ...more };
  const bytes = (name: string) => new TextEncoder().encode(JSON.stringify(files[name]));
  return {
    read: async (name) => bytes(name),
    sizeBytes: async (name) => (name in files ? bytes(name).length : null),
  };
};

/** What the vision tower reads of one pixel, per channel. */
async function pixelValues(json: Json, levels: readonly [number, number, number]): Promise<number[]> {
  const { imageMean: mean, imageStd: std } = readPreprocessor(json);
  const plan = new Plan(gpu, "levels");
  const words = gpu.upload("levels", Uint32Array.of(levels[0] | (levels[1] << 8) | (levels[2] << 16)), [1]);
  const patches = gpu.upload("patches", Uint32Array.of(0, 0, 0, 1), [1, 4]);
  const out = patchify(plan, words, patches, { patchSize: 1, temporalPatchSize: 1, mean, std });
  plan.run();
  const values = await gpu.read(out);
  plan.free();
  return [...values];
}

describe("steps that a file changes or switches off are followed", () => {
  const levels = [0, 100, 255] as const;
  test.each([
    ["all as usual", {}, (x: number, c: number) => (x / 255 - clipMean[c]!) / clipStd[c]!],
    ["do_normalize false", { do_normalize: false }, (x: number) => x / 255],
    ["do_rescale false", { do_rescale: false }, (x: number, c: number) => (x - clipMean[c]!) / clipStd[c]!],
    ["neither", { do_rescale: false, do_normalize: false }, (x: number) => x],
    [
      "rescale_factor",
      { rescale_factor: 1 / 127.5 },
      (x: number, c: number) => (x / 127.5 - clipMean[c]!) / clipStd[c]!,
    ],
    ["one mean for all", { image_mean: 0.5, image_std: [0.25] }, (x: number) => (x / 255 - 0.5) / 0.25],
    [
      "defaults for null",
      { image_mean: null, image_std: null, do_rescale: null, rescale_factor: null },
      (x: number, c: number) => (x / 255 - clipMean[c]!) / clipStd[c]!,
    ],
  ] as [string, Json, (x: number, c: number) => number][])("%s", async (_, changes, wanted) => {
    const got = await pixelValues({ ...whole, ...changes }, levels);
    levels.forEach((level, c) => {
      expect(Math.abs(got[c]! - wanted(level, c))).toBeLessThan(2e-6 * Math.max(1, Math.abs(wanted(level, c))));
    });
  });

  test("and the usual numbers stay bit for bit", () => {
    expect(readPreprocessor(whole)).toMatchObject({ imageMean: clipMean, imageStd: clipStd });
    expect(readPreprocessor({ ...whole, rescale_factor: 1 / 255 }).imageStd).toEqual(clipStd);
  });
});

describe("how large pictures are shown", () => {
  test.each([
    [{}, [3136, 1_003_520]],
    [{ size: { shortest_edge: 100, longest_edge: 5000 } }, [100, 5000]],
    [{ size: { shortest_edge: 100, longest_edge: 5000 }, min_pixels: 200 }, [200, 5000]],
    [{ size: { shortest_edge: 100, longest_edge: 5000 }, max_pixels: 900 }, [100, 900]],
    [{ size: { min_pixels: 1, max_pixels: 2 }, min_pixels: 3136, max_pixels: 4000 }, [3136, 4000]],
    [{ size: null, min_pixels: 56.0 }, [56, 1_003_520]],
  ] as [Json, [number, number]][])("%j", (json, wanted) => {
    const { minPixels, maxPixels } = readPreprocessor(json);
    expect([minPixels, maxPixels]).toEqual(wanted);
  });
});

describe("what is not followed is refused by name", () => {
  test.each([
    [bilinear, "resample is 2, only 3 is supported"],
    [{ resample: "bicubic" }, 'resample is "bicubic", only 3 is supported'],
    [{ do_resize: false }, "do_resize is false, only true is supported"],
    [{ do_convert_rgb: false }, "do_convert_rgb is false, only true is supported"],
    [{ do_center_crop: true, crop_size: { height: 9, width: 9 } }, "do_center_crop is true, only false is supported"],
    [{ do_pad: true }, "do_pad is true, only false is supported"],
    [{ do_flip_channel_order: true }, "do_flip_channel_order is true, a step that is not known here"],
    [{ image_processor_type: "CLIPImageProcessor" }, 'image_processor_type is "CLIPImageProcessor", only'],
    [{ do_rescale: 1 }, "do_rescale must be true or false, found 1"],
    [{ do_normalize: "no" }, 'do_normalize must be true or false, found "no"'],
    [{ rescale_factor: 0 }, "rescale_factor must be a number from 0.000001 to 1000000, found 0"],
    [{ rescale_factor: -1 }, "rescale_factor must be a number"],
    [{ rescale_factor: Number.NaN }, "rescale_factor must be a number from 0.000001 to 1000000, found NaN"],
    [
      { image_std: [0.5, 0, 0.5] },
      "image_std must be numbers from 1e-6 to 1e6, one or three of them, found [0.5,0,0.5]",
    ],
    [{ image_std: [-1, -1, -1] }, "image_std must be"],
    [{ image_mean: [0.5, 0.5] }, "image_mean must be numbers"],
    [
      { image_mean: [0.5, 0.5, Number.NaN] },
      "image_mean must be numbers from -1e6 to 1e6, one or three of them, found [0.5,0.5,NaN]",
    ],
    [{ image_mean: "0.5" }, "image_mean must be numbers"],
    [{ size: 448 }, "size must be an object with shortest_edge and longest_edge, found 448"],
    [{ size: { height: 448, width: 448 } }, "size.shortest_edge must be a number from 1 to"],
    [{ size: { shortest_edge: 100 } }, "size.longest_edge must be a number from 1 to"],
    [{ min_pixels: 0 }, "min_pixels must be a whole number from 1 to"],
    [{ min_pixels: 2 ** 30 }, "min_pixels must be a whole number from 1 to 16777216, found 1073741824"],
    [{ max_pixels: -5 }, "max_pixels must be a whole number from 1 to"],
    [{ max_pixels: 1e15 }, "max_pixels must be a whole number from 1 to 2147483647"],
    [{ max_pixels: 100.5 }, "max_pixels must be a whole number"],
    [
      { min_pixels: 5000, max_pixels: 4000 },
      "the least area of an input (min_pixels or size.shortest_edge, 5000) is above the largest (4000)",
    ],
    [{ patch_size: 0 }, "patch_size must be a whole number from 1 to 256, found 0"],
    [{ merge_size: 1.5 }, "merge_size must be a whole number from 1 to 16, found 1.5"],
    [{ temporal_patch_size: 1e9 }, "temporal_patch_size must be a whole number from 1 to 16"],
  ] as [Json, string][])("%j", (json, sentence) => {
    expect(() => readPreprocessor(json)).toThrow(`preprocessor_config.json: ${sentence}`);
  });

  test.each([
    [patchOther, "patch_size is 16, vision_config of config.json has 14"],
    [{ ...whole, merge_size: 1 }, "merge_size is 1, vision_config of config.json has 2"],
    [{ ...whole, temporal_patch_size: 1 }, "temporal_patch_size is 1, vision_config of config.json has 2"],
  ] as [Json, string][])("patches of another size than the tower's: %#", async (json, sentence) => {
    const config = await readJson(goldenFiles("qwen25-window"), "config.json");
    expect(() => readConfig(config, json)).toThrow(`preprocessor_config.json: ${sentence}`);
    expect(readConfig(config, whole).vision.patchSize).toBe(14);
  });
});

test("keys without effect are taken, and unknown ones named", () => {
  const idle = { crop_size: null, do_pad: null, do_center_crop: null, device: null, default_to_square: true };
  expect(readPreprocessor({ ...whole, ...idle, data_format: "channels_first", do_grayscale: false }).notices).toEqual([
    "preprocessor_config.json: do_grayscale: not used, as in transformers",
  ]);
  expect(readPreprocessor({ ...whole, ...idle }).notices).toEqual([]);
});

describe("the file of transformers 5", () => {
  test("stands for preprocessor_config.json", async () => {
    expect(await preprocessorIn(folder({ "processor_config.json": processor }))).toMatchObject({
      minPixels: 3136,
      maxPixels: 50_000,
      patchSize: 14,
      imageMean: clipMean,
    });
  });

  test("and before it, where it holds an image processor", async () => {
    const both = { "processor_config.json": processor, "preprocessor_config.json": { ...whole, max_pixels: 9999 } };
    expect((await preprocessorIn(folder(both))).maxPixels).toBe(50_000);
    const legacy = { ...both, "processor_config.json": { processor_class: "Qwen2_5_VLProcessor" } };
    expect((await preprocessorIn(folder(legacy))).maxPixels).toBe(9999);
  });

  test("its errors name it", async () => {
    const with_ = (image_processor: unknown) =>
      preprocessorIn(folder({ "processor_config.json": { image_processor } }));
    await expect(with_({ do_resize: false })).rejects.toThrow(
      "processor_config.json: image_processor.do_resize is false, only true is supported",
    );
    await expect(with_([])).rejects.toThrow("processor_config.json: image_processor is not a JSON object");
    await expect(with_(null)).rejects.toThrow("preprocessor_config.json is missing from the model's folder");
    await expect(preprocessorIn(folder({}))).rejects.toThrow("preprocessor_config.json is missing");
  });
});
