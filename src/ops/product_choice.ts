import type { Gpu } from "../gpu/gpu.ts";
import type { Dtype } from "../gpu/tensor.ts";

/** Kernels of out = x weightT that use workgroup memory: for few rows, in tiles of 64 x 64, in tiles of 128 x 128. */
export const kernelsInTiles = ["thin", "tiled", "wide"] as const;
export type KernelInTiles = (typeof kernelsInTiles)[number];

/** Which kernel a device takes for which product. All give the same bits: only time depends on it. */
export interface ProductChoice {
  /** Up to so many rows the thin kernel, which reads the weight once for a few rows. */
  mostThinRows: number;
  /** Up to so many outputs too: tiles would not fill the device. */
  mostThinOutputs: number;
  /** From so many tiles of 128 x 128 on, which then fill it. */
  busyWideGroups: number;
  /** Kernels that this device refuses, or computes in other bits. */
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

/** What products with weights of a dtype are recorded with from now on. */
export function chooseProducts(gpu: Gpu, dtype: Dtype, choice: ProductChoice): void {
  const ofGpu = chosen.get(gpu) ?? new Map<Dtype, ProductChoice>();
  chosen.set(gpu, ofGpu.set(dtype, choice));
}

export const productChoice = (gpu: Gpu, dtype: Dtype): ProductChoice => chosen.get(gpu)?.get(dtype) ?? usualChoice;

/** Tiles of 128 x 128 that a product of so many rows and columns has. */
export const wideGroups = (rows: number, columns: number): number => Math.ceil(rows / 128) * Math.ceil(columns / 128);

/** The kernel for N rows and O columns. */
export function kernelOf(
  { mostThinRows, mostThinOutputs, busyWideGroups, without }: ProductChoice,
  N: number,
  O: number,
): KernelInTiles | "untiled" {
  const isThin = N <= mostThinRows || N * O <= mostThinOutputs;
  const wanted = isThin ? "thin" : wideGroups(N, O) >= busyWideGroups ? "wide" : "tiled";
  const inOrder: KernelInTiles[] = [wanted, "tiled", "wide", "thin"];
  return inOrder.find((kernel) => !without.includes(kernel)) ?? "untiled";
}
