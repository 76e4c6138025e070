import type { CheckpointFiles } from "./checkpoint_files.ts";
import { expectOnly, flag, isNull, type Section, whole, within } from "./config_values.ts";
import { excerpt, type Json, jsonObject, readJson } from "./json_file.ts";

/** How pictures become a model's input, as transformers' Qwen2VLImageProcessor makes it from the same file. */
export interface Preprocessor {
  /** Bounds of the input's area, pixels. */
  minPixels: number;
  maxPixels: number;
  patchSize: number;
  temporalPatchSize: number;
  mergeSize: number;
  /** Of levels in 0 to 1, per channel; the file's rescaling is included. */
  imageMean: number[];
  imageStd: number[];
  /** Keys that neither transformers nor we use, in a sentence. */
  notices: string[];
}

const ownFile = "preprocessor_config.json";
/** How errors name its keys. */
export const ownKeys = `${ownFile}: `;
const sharedFile = "processor_config.json";

/**
 * The preprocessor of a folder: `image_processor` in the processor_config.json that transformers 5 writes, or
 * preprocessor_config.json; where both are there, transformers takes the first.
 * @throws Error where there is neither
 */
export async function preprocessorOf(files: CheckpointFiles): Promise<Section> {
  if ((await files.sizeBytes(sharedFile)) !== null) {
    const { image_processor: nested } = await readJson(files, sharedFile);
    if (nested !== undefined && nested !== null)
      return { json: jsonObject(nested, `${sharedFile}: image_processor`), where: `${sharedFile}: image_processor.` };
  }
  if ((await files.sizeBytes(ownFile)) === null)
    throw new Error(
      `${ownFile} is missing from the model's folder, and so is a ${sharedFile} that holds an image_processor; use the whole folder`,
    );
  return { json: await readJson(files, ownFile), where: ownKeys };
}

/** Defaults of Qwen2VLImageProcessor. */
const clipMean = [0.48145466, 0.4578275, 0.40821073];
const clipStd = [0.26862954, 0.26130258, 0.27577711];
const usual = { patchSize: 14, temporalPatchSize: 2, mergeSize: 2, minPixels: 56 ** 2, maxPixels: 28 ** 2 * 1280 };

/** Every name that the class has had. */
const processors = ["Qwen2VLImageProcessor", "Qwen2_5_VLImageProcessor", "Qwen3VLImageProcessor"].flatMap((name) => [
  name,
  `${name}Fast`,
  `${name}Pil`,
]);

/** Keys that change pixels: where one is present and not null, it has one of these values. */
const supported: Readonly<Record<string, readonly unknown[]>> = {
  image_processor_type: processors,
  feature_extractor_type: processors,
  do_resize: [true],
  // Bicubic.
  resample: [3],
  do_convert_rgb: [true],
  do_center_crop: [false],
  do_pad: [false],
};

/** Keys that change nothing in the processor of these models, whatever their values are. */
const withoutEffect = [
  ..."processor_class crop_size pad_size default_to_square data_format input_data_format return_tensors device".split(
    " ",
  ),
  ..."disable_grouping auto_map return_row_col_info video_processor_type".split(" "),
];
const read = [
  ...Object.keys(supported),
  ..."size min_pixels max_pixels patch_size temporal_patch_size merge_size".split(" "),
  ..."do_rescale rescale_factor do_normalize image_mean image_std".split(" "),
];

/** A picture of fewer pixels is enlarged to at most this: 4096 x 4096. */
const mostMinPixels = 2 ** 24;
const mostMaxPixels = 2 ** 31 - 1;

/** Reads a preprocessor's JSON. @throws Error naming a key that is not followed, or a value that cannot be */
export function readPreprocessor(json: Json, where = ownKeys): Preprocessor {
  const file: Section = { json, where };
  expectOnly(file, supported, isNull);
  const unknown = Object.keys(json).filter((key) => !read.includes(key) && !withoutEffect.includes(key));
  const step = unknown.find((key) => key.startsWith("do_") && json[key]);
  if (step !== undefined)
    throw new Error(`${where}${step} is ${excerpt(json[step])}, a step that is not known here; set it to false`);
  return {
    ...readArea(file),
    patchSize: whole(file, "patch_size", 256, { fallback: usual.patchSize }),
    temporalPatchSize: whole(file, "temporal_patch_size", 16, { fallback: usual.temporalPatchSize }),
    mergeSize: whole(file, "merge_size", 16, { fallback: usual.mergeSize }),
    ...readLevels(file),
    notices:
      unknown.length === 0
        ? []
        : [
            `${where}${unknown.slice(0, 5).join(", ")}${unknown.length > 5 ? ` and ${unknown.length - 5} more` : ""}: not used, as in transformers`,
          ],
  };
}

/** `min_pixels` and `max_pixels` come before `size`, as older files have both. */
function readArea(file: Section): Pick<Preprocessor, "minPixels" | "maxPixels"> {
  const { json, where } = file;
  const size = json.size ?? null;
  if (size !== null && (typeof size !== "object" || Array.isArray(size)))
    throw new Error(`${where}size must be an object with shortest_edge and longest_edge, found ${excerpt(size)}`);
  const edges: Section | null = size && { json: size as Json, where: `${where}size.` };
  const area = (key: string, edge: string, fallback: number, most: number): number =>
    edges !== null && isNull(json[key]) ? whole(edges, edge, most) : whole(file, key, most, { fallback });
  const minPixels = area("min_pixels", "shortest_edge", usual.minPixels, mostMinPixels);
  const maxPixels = area("max_pixels", "longest_edge", usual.maxPixels, mostMaxPixels);
  if (minPixels > maxPixels)
    throw new Error(
      `${where}the least area of an input (min_pixels or size.shortest_edge, ${minPixels}) is above the largest (${maxPixels})`,
    );
  return { minPixels, maxPixels };
}

/**
 * (level x factor - mean) / std, without steps that the file switches off, for levels in 0 to 1: mean and std are
 * divided by 255 x factor.
 */
function readLevels(file: Section): Pick<Preprocessor, "imageMean" | "imageStd"> {
  const { json, where } = file;
  const isOn = (key: string): boolean => flag(file, key) ?? true;
  const factor = isOn("do_rescale") ? within(file, "rescale_factor", { least: 1e-6, most: 1e6, fallback: 1 / 255 }) : 1;
  const channels = (key: string, fallback: number[], isFine: (x: number) => boolean, what: string): number[] => {
    const value = json[key] ?? fallback;
    const list = Array.isArray(value) ? value : [value];
    if (!(list.length === 1 || list.length === 3) || !list.every((x) => Number.isFinite(x) && isFine(x)))
      throw new Error(`${where}${key} must be ${what}, one or three of them, found ${excerpt(value)}`);
    return list.length === 3 ? list : [list[0], list[0], list[0]];
  };
  const normalizes = isOn("do_normalize");
  const mean = normalizes
    ? channels("image_mean", clipMean, (x) => Math.abs(x) <= 1e6, "numbers from -1e6 to 1e6")
    : [0, 0, 0];
  const std = normalizes
    ? channels("image_std", clipStd, (x) => x >= 1e-6 && x <= 1e6, "numbers from 1e-6 to 1e6")
    : [1, 1, 1];
  // Exactly 1 for the usual factor, which leaves the numbers unchanged.
  const scale = 255 * factor;
  return { imageMean: mean.map((x) => x / scale), imageStd: std.map((x) => x / scale) };
}
