import tiledSource from "../../shaders/product.wgsl" with { type: "text" };
import thinSource from "../../shaders/product_thin.wgsl" with { type: "text" };
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Into } from "../gpu/tape.ts";
import type { Tensor } from "../gpu/tensor.ts";

const tiled = new Shader("product", tiledSource);
const thin = new Shader("product_thin", thinSource);

/** Rows for which a thin kernel reads the weight once or a few times, in place of a tile's 64. */
const mostThinRows = 32;
/** Workgroups below which a narrower one fills the device better. */
const busyGroups = 256;

/** Whether the kernels of this file take a product: they read four numbers at a time. */
export const takesProduct = (plan: Plan, ...sizes: number[]): boolean =>
  !plan.gpu.plain && sizes.every((size) => size % 4 === 0);

export interface ProductExtras {
  bias?: Tensor | null;
  residual?: Tensor;
  first: number;
}

/** How `multiplyInParts` computes; all give the same bits. */
export type ProductKernel = "thin" | "tiled" | "apart";

/** out (N, O) = x (N, I) times the O rows of the weight from `first` on, transposed; the sum over I in four parts. */
export function multiplyInParts(
  plan: Plan,
  x: Tensor,
  weight: Tensor,
  out: Tensor,
  { bias, residual, first }: ProductExtras,
  kernel: ProductKernel = kernelFor(plan, out.shape[0]!),
): void {
  const [N, O] = out.shape as [number, number];
  const I = weight.shape[1]!;
  const constants = { BIAS: bias ? 1 : 0, RESIDUAL: residual ? 1 : 0 };
  const params = { N, I, O, first };
  if (kernel === "thin") {
    const rows = N > 8 ? 16 : N > 4 ? 8 : N > 2 ? 4 : N;
    const sizes = thinSizes(rows, Math.ceil(O / 64) >= busyGroups);
    plan.dispatch({
      shader: thin,
      entry: "multiply",
      tensors: { x4: x, weight4: weight, bias: bias ?? weight, residual: residual ?? x, out },
      params,
      groups: [Math.ceil(O / sizes.OUTS), Math.ceil(N / rows)],
      constants,
      sizes,
    });
    return;
  }
  const side = kernel === "tiled" ? 64 : 32;
  plan.dispatch({
    shader: tiled,
    entry: kernel === "tiled" ? "multiply" : "multiply_apart",
    tensors: { x4: x, weight4: weight, bias4: bias ?? weight, residual4: residual ?? x, out4: out },
    params: { ...params, splits: 1 },
    groups: [Math.ceil(O / side), Math.ceil(N / side)],
    constants,
  });
}

/** Sizes of the thin kernel for 1, 2, 4, 8 or 16 rows, within 32 KiB of workgroup memory. */
export function thinSizes(ROWS: number, isWide: boolean): { ROWS: number; OUTS: number; TILE: number } {
  if (isWide) return { ROWS, OUTS: ROWS > 8 ? 32 : 64, TILE: 4 };
  return { ROWS, OUTS: 16, TILE: ROWS > 4 ? 8 : 16 };
}

function kernelFor({ gpu }: Plan, N: number): ProductKernel {
  if (!inTiles(gpu)) return "apart";
  return N <= mostThinRows ? "thin" : "tiled";
}

/** Whether tiles in workgroup memory pay: barriers are slow where threads take turns on a processor. */
export const inTiles = ({ software, device }: Plan["gpu"]): boolean =>
  !software && device.limits.maxComputeWorkgroupStorageSize >= 32_768;

/** dx (N, I) = dout (N, O) times the O rows of the weight from `first` on. */
export function backpropXInTiles(plan: Plan, dout: Tensor, weight: Tensor, into: Into, first: number): void {
  const [N, O] = dout.shape as [number, number];
  const I = weight.shape[1]!;
  plan.dispatch({
    shader: tiled,
    entry: "backprop_x",
    tensors: { dout4: dout, weight4: weight, dx4: into.d },
    params: { N, I, O, first, splits: 1 },
    groups: [Math.ceil(I / 64), Math.ceil(N / 64)],
    constants: into.constants,
  });
}

/** partial (splits, O, I) = doutT x over each of `splits` ranges of rows. */
export function weightPartialsInTiles(plan: Plan, x: Tensor, dout: Tensor, partial: Tensor): void {
  const [N, O] = dout.shape as [number, number];
  const [splits, , I] = partial.shape as [number, number, number];
  plan.dispatch({
    shader: tiled,
    entry: "backprop_weight",
    tensors: { x4: x, dout4: dout, partial4: partial },
    params: { N, I, O, first: 0, splits },
    groups: [Math.ceil(I / 64), Math.ceil(O / 64), splits],
  });
}
