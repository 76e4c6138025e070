import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import type { VisionConfig } from "../../model/config.ts";
import { toFloat32 } from "../../model/float_bytes.ts";
import { readJson } from "../../model/json_file.ts";
import { patchCoordinates } from "../../model/positions.ts";
import { type Dtype, readHeader } from "../../model/safetensors.ts";
import type { InputImage } from "../../model/vision_rows.ts";

/** One loss of `case.json`'s GRPO section, with what verl made of it. */
export interface Variant {
  name: string;
  loss_agg_mode: "token-mean" | "seq-mean-token-mean";
  clip_ratio_low: number;
  clip_ratio_high: number;
  clip_ratio_c: number;
  kl_loss_coef: number;
  loss: number;
  pg_loss: number;
  kl_loss: number | null;
  "actor/pg_clipfrac": number;
  "actor/ppo_kl": number;
  "actor/pg_clipfrac_lower": number;
  grad_norm: number;
}

/** `case.json` of a golden folder: what is in it. */
export interface GoldenCase {
  name?: string;
  family: string;
  images: { file: string; grid_thw: [number, number, number] }[];
  sequence: { tokens: number; images: number[] };
  parameters: string[];
  greedy?: { prompt_tokens: number; new_tokens: number };
  tolerances?: Record<string, Record<string, unknown>>;
  lora?: { scaling: number };
  grpo?: {
    prompt_tokens: number;
    rollouts: { images: number[] }[];
    rewards: number[];
    variants: Variant[];
    adamw: {
      lr: number;
      betas: [number, number];
      eps: number;
      weight_decay: number;
      max_grad_norm: number;
      warm_step?: number;
    };
  };
}

/** The tensors of one safetensors file, in memory. */
export class TensorFile {
  private constructor(
    readonly file: string,
    readonly entries: ReadonlyMap<string, { dtype: Dtype; shape: number[]; bytes: Uint8Array }>,
  ) {}

  static async read(files: CheckpointFiles, file: string): Promise<TensorFile> {
    if ((await files.sizeBytes(file)) === null) throw new Error(`${file} is missing from the folder`);
    const bytes = await files.read(file);
    const { tensors } = await readHeader(bytes, bytes.length, file);
    return new TensorFile(
      file,
      new Map(tensors.map((t) => [t.name, { ...t, bytes: bytes.slice(t.startByte, t.endByte) }])),
    );
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  shape(name: string): number[] {
    return this.#entry(name).shape;
  }

  floats(name: string): Float32Array {
    const { dtype, bytes } = this.#entry(name);
    if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16")
      throw new Error(`${this.file}: "${name}" is ${dtype}, expected F32`);
    return toFloat32(bytes, dtype);
  }

  integers(name: string): number[] {
    const { dtype, bytes } = this.#entry(name);
    if (dtype === "U8") return Array.from(bytes);
    if (dtype === "I32") return Array.from(new Int32Array(bytes.buffer));
    if (dtype === "I64") return Array.from(new BigInt64Array(bytes.buffer), Number);
    throw new Error(`${this.file}: "${name}" is ${dtype}, expected U8, I32 or I64`);
  }

  #entry(name: string): { dtype: Dtype; shape: number[]; bytes: Uint8Array } {
    const entry = this.entries.get(name);
    if (!entry) throw new Error(`${this.file} has no tensor "${name}"`);
    return entry;
  }
}

/** A folder of reference values: a checkpoint with inputs and what the reference programs made of them. */
export interface GoldenFolder {
  files: CheckpointFiles;
  golden: GoldenCase;
  inputs: TensorFile;
  expected: TensorFile;
  /** States between layers, where the folder has them. */
  trace: TensorFile | null;
}

export async function openGolden(files: CheckpointFiles): Promise<GoldenFolder> {
  return {
    files,
    golden: (await readJson(files, "case.json")) as unknown as GoldenCase,
    inputs: await TensorFile.read(files, "inputs.safetensors"),
    expected: await TensorFile.read(files, "expected.safetensors"),
    trace:
      (await files.sizeBytes("trace.safetensors")) === null ? null : await TensorFile.read(files, "trace.safetensors"),
  };
}

/** A folder in a folder, as `adapter/`. */
export const within = (files: CheckpointFiles, folder: string): CheckpointFiles => ({
  read: (name, startByte, endByte) => files.read(`${folder}/${name}`, startByte, endByte),
  sizeBytes: (name) => files.sizeBytes(`${folder}/${name}`),
});

/** The resized pictures, put together again from `pixel_levels`: patches in the processor's order. */
export function storedImages({ inputs }: GoldenFolder, mergeSize: number): InputImage[] {
  if (!inputs.has("pixel_levels")) return [];
  const levels = inputs.integers("pixel_levels");
  const [, channels, side] = inputs.shape("pixel_levels") as [number, number, number];
  const grids = inputs.integers("image_grid_thw");
  const area = side * side;
  const images: InputImage[] = [];
  let from = 0;
  for (let i = 0; i < grids.length; i += 3) {
    const grid = { t: grids[i]!, h: grids[i + 1]!, w: grids[i + 2]! };
    const width = grid.w * side;
    const data = new Uint8Array(width * grid.h * side * channels);
    const { row, column } = patchCoordinates(grid, mergeSize);
    for (let p = 0; p < row.length; p++)
      for (let c = 0; c < channels; c++)
        for (let k = 0; k < area; k++) {
          const y = row[p]! * side + Math.floor(k / side);
          const x = column[p]! * side + (k % side);
          data[(y * width + x) * channels + c] = levels[from++]!;
        }
    images.push({ pixels: { width, height: grid.h * side, data }, grid });
  }
  return images;
}

/** `pixel_values` of the format's formula, of the patches [from, to): (patches, channels x frames x S x S). */
export function pixelValues(
  { inputs }: GoldenFolder,
  [from, to]: readonly [number, number],
  {
    temporalPatchSize: frames,
    imageMean: mean,
    imageStd: std,
  }: Pick<VisionConfig, "temporalPatchSize" | "imageMean" | "imageStd">,
): Float32Array {
  const [, channels, side] = inputs.shape("pixel_levels") as [number, number, number];
  const area = side * side;
  const levels = inputs.integers("pixel_levels").slice(from * channels * area, to * channels * area);
  const values = new Float32Array(levels.length * frames);
  levels.forEach((level, i) => {
    const plane = Math.floor(i / area);
    const channel = plane % channels;
    for (let t = 0; t < frames; t++)
      values[(plane * frames + t) * area + (i % area)] = (level / 255 - mean[channel]!) / std[channel]!;
  });
  return values;
}
