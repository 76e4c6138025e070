import tiledSource from "../../shaders/product.wgsl" with { type: "text" };
import thinSource from "../../shaders/product_thin.wgsl" with { type: "text" };
import wideSource from "../../shaders/product_wide.wgsl" with { type: "text" };
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Into } from "../gpu/tape.ts";
import type { Tensor } from "../gpu/tensor.ts";

const tiled = new Shader("product", tiledSource);
const wide = new Shader("product_wide", wideSource);
const thin = new Shader("product_thin", thinSource);

/** Up to so many rows the thin kernel reads the weight once. */
const mostThinRows = 8;
/** Up to so many outputs it is also faster than tiles, which then do not fill the device (H200, see LOG.md). */
const mostThinOutputs = 200_000;

/** Workgroups of 128 x 128 outputs from which on they fill the device. */
const busyWideGroups = 200;

const groupsOf = (rows: number, columns: number, side: number): number =>
  Math.ceil(rows / side) * Math.ceil(columns / side);

/** Whether a product of so many rows and columns is worth tiles of 128 x 128, in place of 64 x 64. */
const isWide = (rows: number, columns: number): boolean => groupsOf(rows, columns, 128) >= busyWideGroups;

/** Whether the kernels of this file take a product: they read four numbers at a time. */
export const takesProduct = (plan: Plan, ...sizes: number[]): boolean =>
  !plan.gpu.plain && sizes.every((size) => size % 4 === 0);

export interface ProductExtras {
  bias?: Tensor | null;
  residual?: Tensor;
  first: number;
}

/** How `multiplyInParts` computes; all give the same bits. */
export type ProductKernel = "thin" | "tiled" | "wide" | "apart";

/** out (N, O) = x (N, I) times the O rows of the weight from `first` on, transposed; the sum over I in four parts. */
export function multiplyInParts(
  plan: Plan,
  x: Tensor,
  weight: Tensor,
  out: Tensor,
  { bias, residual, first }: ProductExtras,
  kernel: ProductKernel = kernelFor(plan, out),
): void {
  const [N, O] = out.shape as [number, number];
  const I = weight.shape[1]!;
  const constants = { BIAS: bias ? 1 : 0, RESIDUAL: residual ? 1 : 0 };
  const params = { N, I, O, first };
  if (kernel === "thin") {
    const sizes = thinSizes(N);
    plan.dispatch({
      shader: thin,
      entry: "multiply",
      tensors: { x4: x, weight4: weight, bias: bias ?? weight, residual: residual ?? x, out },
      params,
      groups: [Math.ceil(O / sizes.OUTS), Math.ceil(N / sizes.ROWS)],
      constants,
      sizes,
    });
    return;
  }
  const side = { wide: 128, tiled: 64, apart: 32 }[kernel];
  plan.dispatch({
    shader: kernel === "wide" ? wide : tiled,
    entry: kernel === "apart" ? "multiply_apart" : "multiply",
    tensors: { x4: x, weight4: weight, bias4: bias ?? weight, residual4: residual ?? x, out4: out },
    params: { ...params, splits: 1 },
    groups: [Math.ceil(O / side), Math.ceil(N / side)],
    constants,
  });
}

/** Sizes of the thin kernel: rows and outputs of a workgroup, fours of every part of a sum in a tile. */
export function thinSizes(N: number): { ROWS: number; OUTS: number; TILE: number } {
  if (N === 1) return { ROWS: 1, OUTS: 16, TILE: 16 };
  if (N <= 4) return { ROWS: N === 2 ? 2 : 4, OUTS: 32, TILE: 8 };
  return { ROWS: 8, OUTS: 32, TILE: 4 };
}

function kernelFor({ gpu }: Plan, { shape: [N = 0, O = 0] }: Tensor): ProductKernel {
  if (!inTiles(gpu)) return "apart";
  if (N <= mostThinRows || N * O <= mostThinOutputs) return "thin";
  return isWide(N, O) ? "wide" : "tiled";
}

/** Whether tiles in workgroup memory pay: barriers are slow where threads take turns on a processor. */
export const inTiles = ({ software, device }: Plan["gpu"]): boolean =>
  !software && device.limits.maxComputeWorkgroupStorageSize >= 32_768;

/** dx (N, I) = dout (N, O) times the O rows of the weight from `first` on. */
export function backpropXInTiles(
  plan: Plan,
  dout: Tensor,
  weight: Tensor,
  into: Into,
  first: number,
  kernel?: "tiled" | "wide",
): void {
  const [N, O] = dout.shape as [number, number];
  const I = weight.shape[1]!;
  const inWide = kernel ? kernel === "wide" : isWide(N, I);
  const side = inWide ? 128 : 64;
  plan.dispatch({
    shader: inWide ? wide : tiled,
    entry: "backprop_x",
    tensors: { dout4: dout, weight4: weight, dx4: into.d },
    params: { N, I, O, first, splits: 1 },
    groups: [Math.ceil(I / side), Math.ceil(N / side)],
    constants: into.constants,
  });
}

/** partial (splits, O, I) = doutT x over each of `splits` ranges of rows. */
export function weightPartialsInTiles(
  plan: Plan,
  x: Tensor,
  dout: Tensor,
  partial: Tensor,
  kernel?: "tiled" | "wide",
): void {
  const [N, O] = dout.shape as [number, number];
  const [splits, , I] = partial.shape as [number, number, number];
  const inWide = kernel ? kernel === "wide" : isWide(O * splits, I);
  const side = inWide ? 128 : 64;
  plan.dispatch({
    shader: inWide ? wide : tiled,
    entry: "backprop_weight",
    tensors: { x4: x, dout4: dout, partial4: partial },
    params: { N, I, O, first: 0, splits },
    groups: [Math.ceil(I / side), Math.ceil(O / side), splits],
  });
}
