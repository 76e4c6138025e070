import type { Gpu } from "../gpu/gpu.ts";
import type { Dtype } from "../gpu/tensor.ts";

/** Kernels of out = x weightT that use workgroup memory: for few rows, in tiles of 64 x 64, and in tiles of 128 x 128. */
export const kernelsInTiles = ["thin", "tiled", "wide"] as const;
export type KernelInTiles = (typeof kernelsInTiles)[number];

/** Which kernel a device uses for which product. All give the same bits: only time depends on it. */
export interface ProductChoice {
  /** The thin kernel for up to this many rows: it reads the weight once. */
  mostThinRows: number;
  /** Also for up to this many outputs: tiles would not fill the device. */
  mostThinOutputs: number;
  /** The wide kernel from this many tiles of 128 x 128 on, which then fill the device. */
  busyWideGroups: number;
  /** Kernels not to use: the device refuses them, or computes other bits. */
  without: readonly KernelInTiles[];
}

/** As measured on an H200 (LOG.md). */
export const usualChoice: ProductChoice = {
  mostThinRows: 16,
  mostThinOutputs: 200_000,
  busyWideGroups: 200,
  without: [],
};

const chosen = new WeakMap<Gpu, Map<Dtype, ProductChoice>>();

/** Sets the choice for products that are recorded from now on with weights of a dtype. */
export function chooseProducts(gpu: Gpu, dtype: Dtype, choice: ProductChoice): void {
  const ofGpu = chosen.get(gpu) ?? new Map<Dtype, ProductChoice>();
  chosen.set(gpu, ofGpu.set(dtype, choice));
}

export const productChoice = (gpu: Gpu, dtype: Dtype): ProductChoice => chosen.get(gpu)?.get(dtype) ?? usualChoice;

/** Tiles of 128 x 128 in a product of this size. */
export const wideGroups = (rows: number, columns: number): number => Math.ceil(rows / 128) * Math.ceil(columns / 128);

/** Rows of a tile of the tiled kernel: with no more of them, half of each wide tile or more would be empty. */
const tiledRows = 64;

/** The kernel for N rows and O columns. */
export function kernelOf(
  { mostThinRows, mostThinOutputs, busyWideGroups, without }: ProductChoice,
  N: number,
  O: number,
): KernelInTiles | "untiled" {
  const isThin = N <= mostThinRows || N * O <= mostThinOutputs;
  const isWide = wideGroups(N, O) >= busyWideGroups && N > tiledRows;
  const wanted = isThin ? "thin" : isWide ? "wide" : "tiled";
  const inOrder: KernelInTiles[] = [wanted, "tiled", "wide", "thin"];
  return inOrder.find((kernel) => !without.includes(kernel)) ?? "untiled";
}
