import { readFileSync, statSync } from "node:fs";
import { expect } from "vitest";
import { loadModel } from "../../src/model/load.ts";
import { type Grid, patchCoordinates } from "../../src/model/positions.ts";
import type { CheckpointFiles } from "../../src/model/safetensors.ts";
import { readHeader, toFloat32 } from "../../src/model/safetensors.ts";
import type { ShownImage } from "../../src/model/vision_rows.ts";
import { gpu } from "./device.ts";

/** The files of a folder on disk. */
export function folder(path: URL): CheckpointFiles {
  return {
    read: async (name, start = 0, end) => new Uint8Array(readFileSync(new URL(name, path))).subarray(start, end),
    sizeBytes: async (name) => statSync(new URL(name, path), { throwIfNoEntry: false })?.size ?? null,
  };
}

/** The tensors of one safetensors file. */
export class Tensors {
  private constructor(
    readonly names: string[],
    readonly bytes: ReadonlyMap<string, { dtype: string; shape: number[]; bytes: Uint8Array }>,
  ) {}

  static async read(path: URL): Promise<Tensors> {
    const file = new Uint8Array(readFileSync(path));
    const { tensors } = await readHeader(file, file.length, path.pathname);
    return new Tensors(
      tensors.map((t) => t.name),
      new Map(tensors.map((t) => [t.name, { dtype: t.dtype, shape: t.shape, bytes: file.slice(t.startByte, t.endByte) }])),
    );
  }

  has(name: string): boolean {
    return this.bytes.has(name);
  }

  shape(name: string): number[] {
    return this.bytes.get(name)!.shape;
  }

  floats(name: string): Float32Array {
    const { dtype, bytes } = this.bytes.get(name)!;
    return toFloat32(bytes, dtype as "F32");
  }

  integers(name: string): number[] {
    const { dtype, bytes } = this.bytes.get(name)!;
    return [...(dtype === "U8" ? bytes : new Int32Array(bytes.buffer))];
  }
}

/** One folder of test/golden that holds a model, inputs and what transformers made of them. */
export async function goldenModel(name: string) {
  const path = new URL(`../golden/${name}/`, import.meta.url);
  const json = (file: string) => JSON.parse(readFileSync(new URL(file, path), "utf8"));
  const inputs = await Tensors.read(new URL("inputs.safetensors", path));
  const expected = await Tensors.read(new URL("expected.safetensors", path));
  const model = await loadModel(gpu, folder(path), { trained: true });
  const testCase = json("case.json");

  const images: ShownImage[] = [];
  if (inputs.has("pixel_levels")) {
    const levels = inputs.integers("pixel_levels");
    const [, channels, side] = inputs.shape("pixel_levels") as [number, number, number];
    const grids = inputs.integers("image_grid_thw");
    const plane = side * side;
    let at = 0;
    for (let i = 0; i < grids.length / 3; i++) {
      const grid: Grid = { t: grids[i * 3]!, h: grids[i * 3 + 1]!, w: grids[i * 3 + 2]! };
      const count = grid.t * grid.h * grid.w;
      const pixels = { width: grid.w * side, height: grid.h * side, data: new Uint8Array(count * channels * plane) };
      const { row, column } = patchCoordinates(grid, 2);
      for (let p = 0; p < count; p++)
        for (let c = 0; c < channels; c++)
          for (let k = 0; k < plane; k++) {
            const y = row[p]! * side + Math.floor(k / side);
            const x = column[p]! * side + (k % side);
            pixels.data[(y * pixels.width + x) * channels + c] = levels[((at + p) * channels + c) * plane + k]!;
          }
      images.push({ pixels, grid });
      at += count;
    }
  }
  return { model, inputs, expected, testCase, images };
}

/** max |got - want| */
export const largestDifference = (got: ArrayLike<number>, want: ArrayLike<number>): number => {
  expect(got.length).toBe(want.length);
  let worst = 0;
  for (let i = 0; i < want.length; i++) worst = Math.max(worst, Math.abs(got[i]! - want[i]!));
  // Math.max lets no NaN through on every engine: ask for the sum.
  return Array.from(got).some(Number.isNaN) ? Number.NaN : worst;
};

/** max |got - want| / max |want| */
export const relativeDifference = (got: ArrayLike<number>, want: ArrayLike<number>): number =>
  largestDifference(got, want) / Math.max(...Array.from(want, Math.abs));

export const norm = (values: ArrayLike<number>): number => Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0));

/** |got - want| / max(|want|, floor), Euclidean norms. */
export const normDifference = (got: ArrayLike<number>, want: ArrayLike<number>, floor: number): number =>
  norm(Array.from(want, (v, i) => got[i]! - v)) / Math.max(norm(want), floor);
