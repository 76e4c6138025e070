import tiledSource from "../../shaders/product.wgsl" with { type: "text" };
import smallSource from "../../shaders/product_small.wgsl" with { type: "text" };
import thinSource from "../../shaders/product_thin.wgsl" with { type: "text" };
import wideSource from "../../shaders/product_wide.wgsl" with { type: "text" };
import adapter from "../../shaders/shared/product_adapter.wgsl" with { type: "text" };
import ends from "../../shaders/shared/product_ends.wgsl" with { type: "text" };
import type { Dispatch, InlinedNorm } from "../gpu/dispatch.ts";
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import type { ActivationKind } from "../gpu/tape.ts";
import { bytesOf, extents2, extents3, type Tensor } from "../gpu/tensor.ts";
import type { Product, ProductGradient, WeightGradient } from "./dense_product.ts";
import { type Adapter, type LowRankTerm, termParams } from "./low_rank.ts";
import { takesMatrixUnits } from "./matrix_admission.ts";
import { columnSplits, weightSplits } from "./partials.ts";
import { type KernelInTiles, kernelOf, productChoice, usualChoice, wideGroups } from "./product_choice.ts";
import { type SmallTile, smallSizes, smallTile, smallTileFor } from "./small_tiles.ts";
import { thinSizes, withNorm } from "./thin_sizes.ts";
import {
  chunkShaders,
  fromColumn,
  rowRanges,
  weightConstants,
  weightParts,
  weightShaders,
  weightTensors,
} from "./weight_kernels.ts";

/** WGSL of the kernels below, and their tiles: a choice among them is valid as long as this text stays. */
export const productSources = [
  tiledSource,
  smallSource,
  JSON.stringify(smallTile),
  thinSource,
  wideSource,
  adapter,
  ends,
  ...Object.values(weightParts),
];

const tiled = weightShaders("product", `${tiledSource}\n${adapter}\n${ends}`);
const small = weightShaders("product_small", `${smallSource}\n${ends}`);
const wide = weightShaders("product_wide", `${wideSource}\n${adapter}`);
const thin = chunkShaders("product_thin", thinSource);

/**
 * Whether a gradient of this size uses tiles of 128 x 128 instead of 64 x 64. Never tuned: unlike the kernels of the forward
 * pass the two sum in different orders, and a run's results must not depend on what was tuned.
 */
const isWide = (rows: number, columns: number): boolean => wideGroups(rows, columns) >= usualChoice.busyWideGroups;

/** Whether the kernels of this file take a product of these sizes: they load vec4. */
export const takesProduct = (plan: Plan, ...sizes: number[]): boolean =>
  !plan.gpu.plain && sizes.every((size) => size % 4 === 0);

export interface FusedProduct extends Product {
  /** An adapter that adds to all columns; see `takesTerm`. */
  term?: LowRankTerm;
  /** out (N, O / 2) = silu(gate) up of the product's two halves; see `takesGated`. */
  gated?: boolean;
}

/** Whether the kernels of this file can add an adapter's term: they load vec4 and bind the whole weight. */
export const takesTerm = ({ gpu }: Plan, weight: Tensor, { bounds, up }: Adapter): boolean =>
  bytesOf(weight) <= gpu.maxBindingBytes &&
  bounds[0] === 0 &&
  bounds.at(-1) === weight.shape[0] &&
  [extents2(up)[1], ...bounds].every((n) => n % 4 === 0);

/** Whether a kernel of this file can compute silu(gate) up of N rows in one dispatch, with these adapters. */
export function takesGated(plan: Plan, N: number, weight: Tensor, terms: readonly Adapter[]): boolean {
  const [O, I] = extents2(weight);
  return (
    !takesMatrixUnits(plan.gpu, weight, N, I, O) &&
    takesProduct(plan, I, O / 2) &&
    bytesOf(weight) <= plan.gpu.maxBindingBytes &&
    terms.length <= 1 &&
    terms.every((term) => takesTerm(plan, weight, term)) &&
    // The wide kernel adds up its parts in `out`, which has no space for both halves.
    kernelFor(plan, weight, { ...weight, shape: [N, O] }) !== "wide"
  );
}

/** The shape of the product whose halves make `out`. */
function twice(out: Tensor): Tensor {
  const [N, F] = extents2(out);
  return { ...out, shape: [N, 2 * F] };
}

const noTerm = { R: 0, P: 0, end1: 0, end2: 0, scaling: 0 };

/** Kernels of `multiplyInParts`; all give the same bits. */
export type ProductKernel = KernelInTiles | "untiled";
export type BackpropKernel = Exclude<ProductKernel, "thin">;

/**
 * The product with its sum over I in four parts.
 *
 * @param kernel  the fastest for the device unless given
 * @param tile    takes the place of the tiled kernel, where there is no adapter's term
 */
export function multiplyInParts(
  plan: Plan,
  { x, weight, out, bias, residual, first = 0, term, gated = false }: FusedProduct,
  kernel: ProductKernel = kernelFor(plan, weight, gated ? twice(out) : out),
  tile: SmallTile | null = smallTileFor(...extents2(weight)),
): void {
  const [N, columns] = extents2(out);
  const O = gated ? 2 * columns : columns;
  const [, I] = extents2(weight);
  const { R, P, end1, end2, scaling } = term ? termParams(term) : noTerm;
  const low = { low4: term?.low ?? x, up4: term?.up ?? x };
  for (const range of rowRanges(plan.gpu, { weight, first, count: O, bias })) {
    const constants = {
      BIAS: bias ? 1 : 0,
      RESIDUAL: residual ? 1 : 0,
      LOW: term ? 1 : 0,
      ...(gated && { GATED: 1 }),
      ...weightConstants(weight),
    };
    const params = { N, I, O: range.count, first: range.first, stride: columns, R, P, end1, end2, scaling };
    const tensors = { x4: x, ...low, ...weightTensors(range.weight) };
    const [rangeBias, rangeResidual] = [range.bias ?? x, residual ? fromColumn(residual, range.column) : x];
    const rangeOut = fromColumn(out, range.column);
    if (kernel === "thin") {
      const chunks = thin(weight);
      const sizes = thinSizes(N, range.count, I, chunks);
      const product: Dispatch = {
        shader: chunks.shader,
        entry: "multiply",
        tensors: { ...tensors, bias: rangeBias, residual: rangeResidual, out: rangeOut },
        params: { ...params, eps: 0 },
        groups: [Math.ceil(range.count / sizes.OUTS), Math.ceil(N / sizes.ROWS)],
        constants,
        sizes,
      };
      // The norm's weight takes the residual's binding.
      const inline = residual ? undefined : (norm: InlinedNorm) => ofNormed(product, x, norm);
      plan.dispatch({ ...product, inline });
      continue;
    }
    if (kernel === "tiled" && tile && !term) {
      const { LOW: _, ...own } = constants;
      plan.dispatch({
        shader: small(weight),
        entry: "multiply",
        // Gradients share its functions, and it binds theirs.
        tensors: { ...tensors, dout4: x, bias4: rangeBias, residual4: rangeResidual, out4: rangeOut },
        params: { N, I, O: range.count, first: range.first, splits: 1, stride: columns },
        groups: [Math.ceil(range.count / tile[1]), Math.ceil(N / tile[0])],
        constants: own,
        sizes: smallSizes(tile, gated),
      });
      continue;
    }
    const side = { wide: 128, tiled: 64, untiled: 32 }[kernel];
    plan.dispatch({
      shader: (kernel === "wide" ? wide : tiled)(weight),
      entry: kernel === "untiled" ? "multiply_untiled" : "multiply",
      tensors: { ...tensors, bias4: rangeBias, residual4: rangeResidual, out4: rangeOut },
      params: { ...params, splits: 1 },
      groups: [Math.ceil(range.count / side), Math.ceil(N / side)],
      constants,
    });
  }
}

/** Longest rows that every workgroup of a product normalizes for itself. */
const mostNormed = 512;

/** The same product of rmsnorm(x), where it is of that norm's result; null where it cannot be. */
function ofNormed(product: Dispatch, x: Tensor, { x: rows, weight, eps, out }: InlinedNorm): Dispatch | null {
  const [N, I] = extents2(x);
  const isWhole = x.buffer === out.buffer && x.offsetBytes === out.offsetBytes && extents2(out)[0] === N;
  const { sizes, tensors, params, constants } = product;
  if (!isWhole || I !== extents2(out)[1] || I > mostNormed || !sizes) return null;
  return {
    ...product,
    // Bindings that a constant switches off were given x.
    tensors: Object.fromEntries(
      Object.entries({ ...tensors, residual: weight }).map(([name, tensor]) => [name, tensor === x ? rows : tensor]),
    ),
    params: { ...params, eps },
    constants: { ...constants, NORM: 1 },
    sizes: withNorm(sizes as ReturnType<typeof thinSizes>),
  };
}

const kernelFor = ({ gpu }: Plan, { dtype }: Tensor, { shape: [N = 0, O = 0] }: Tensor): ProductKernel =>
  inTiles(gpu) ? kernelOf(productChoice(gpu, dtype), N, O) : "untiled";

/** Whether tiles in workgroup memory pay: barriers are slow where a CPU runs the threads of a workgroup in turn. */
export const inTiles = ({ software, device }: Plan["gpu"]): boolean =>
  !software && device.limits.maxComputeWorkgroupStorageSize >= 32_768;

/** dx (N, I) = dout (N, O) times O rows of the weight. @param kernel  by the sizes alone unless given */
export function backpropXVec4(
  plan: Plan,
  { dout, weight, into, first = 0 }: ProductGradient,
  kernel: BackpropKernel = backpropKernelFor(plan, into.d),
): void {
  const [N, O] = extents2(dout);
  const [, I] = extents2(weight);
  const side = { wide: 128, tiled: 64, untiled: 32 }[kernel];
  for (const range of rowRanges(plan.gpu, { weight, first, count: O }))
    plan.dispatch({
      shader: (kernel === "wide" ? wide : tiled)(weight),
      entry: kernel === "untiled" ? "backprop_x_untiled" : "backprop_x",
      tensors: { dout4: fromColumn(dout, range.column), ...weightTensors(range.weight), dx4: into.d },
      params: { N, I, O: range.count, first: range.first, splits: 1, stride: O, ...noTerm },
      groups: [Math.ceil(I / side), Math.ceil(N / side)],
      constants: { ...(range.column > 0 ? { ADD: 1 } : into.constants), ...weightConstants(weight) },
    });
}

function backpropKernelFor({ gpu }: Plan, { shape: [N = 0, I = 0] }: Tensor): BackpropKernel {
  if (!inTiles(gpu)) return "untiled";
  return isWide(N, I) ? "wide" : "tiled";
}

/** partial (splits, O, I) = doutT x over each split of the rows. */
export function weightPartialsInTiles(
  plan: Plan,
  { x, dout, partial }: Pick<WeightGradient, "x" | "dout" | "partial">,
  kernel?: "tiled" | "wide",
): void {
  const [N, O] = extents2(dout);
  const [splits, , I] = extents3(partial);
  const inWide = kernel ? kernel === "wide" : isWide(O * splits, I);
  const side = inWide ? 128 : 64;
  plan.dispatch({
    shader: (inWide ? wide : tiled)(partial),
    entry: "backprop_weight",
    tensors: { x4: x, dout4: dout, partial4: partial },
    params: { N, I, O, first: 0, splits, stride: O, ...noTerm },
    groups: [Math.ceil(I / side), Math.ceil(O / side), splits],
  });
}

/** Most numbers of x where all gradients are computed by one dispatch: its x and dx then cannot share a buffer. */
const mostTogether = 2 ** 22;

/** Whether one dispatch can compute all gradients of a product of N rows: each by tiles of 64 x 64, and small. */
export function takesTogether(plan: Plan, N: number, weight: Tensor, O: number, first = 0): boolean {
  const [, I] = extents2(weight);
  return (
    inTiles(plan.gpu) &&
    takesProduct(plan, I, O) &&
    !takesMatrixUnits(plan.gpu, weight, N, I, O, first) &&
    N * I <= mostTogether &&
    bytesOf(weight) <= plan.gpu.maxBindingBytes &&
    backpropKernelFor(plan, { ...weight, shape: [N, I] }) === "tiled" &&
    !isWide(O * weightSplits(N, O, I), I)
  );
}

/** Whether one dispatch can compute a product of N rows and an activation function of it: in tiles of 64 x 64, and small. */
export function takesActivation(plan: Plan, N: number, weight: Tensor): boolean {
  const [O, I] = extents2(weight);
  const { without } = productChoice(plan.gpu, weight.dtype);
  return (
    inTiles(plan.gpu) &&
    takesProduct(plan, I, O / 2) &&
    !takesMatrixUnits(plan.gpu, weight, N, I, O) &&
    N * O <= 2 * mostTogether &&
    bytesOf(weight) <= plan.gpu.maxBindingBytes &&
    kernelFor(plan, weight, { ...weight, shape: [N, O] }) !== "thin" &&
    !without.includes("tiled")
  );
}

/**
 * A product and what an activation function makes of it, in the bits of two dispatches.
 * @param out        (N, O)
 * @param activated  (N, O), of gate and up (N, O / 2)
 * @param tile       takes the place of the tiled kernel
 */
export function multiplyAndActivate(
  plan: Plan,
  { x, weight, bias, out }: Pick<Product, "x" | "weight" | "bias" | "out">,
  { kind, activated }: { kind: ActivationKind; activated: Tensor },
  tile: SmallTile | null = smallTileFor(...extents2(weight)),
): void {
  const [N, O] = extents2(out);
  const [, I] = extents2(weight);
  const [rows, columns] = tile ?? [64, 64];
  plan.dispatch({
    ...kernelOfTile(weight, tile, kind === "gate"),
    entry: "multiply_and_activate",
    tensors: { x4: x, ...weightTensors(weight), bias4: bias ?? x, dout4: x, out4: activated, partial4: out },
    params: { N, I, O, first: 0, splits: 1, stride: O, ...(!tile && noTerm) },
    groups: [Math.ceil(O / columns), Math.ceil(N / rows)],
    constants: {
      BIAS: bias ? 1 : 0,
      ...(kind === "gate" ? { GATED: 1 } : { ACTIVATION: activationCodes[kind] }),
      ...weightConstants(weight),
    },
  });
}

/** The shader, and its constants, of the tiled kernels or of those of small tiles. */
const kernelOfTile = (weight: Tensor, tile: SmallTile | null, isGated = false): Pick<Dispatch, "shader" | "sizes"> =>
  tile ? { shader: small(weight), sizes: smallSizes(tile, isGated) } : { shader: tiled(weight) };

/** ACTIVATION of the kernel. */
const activationCodes: Readonly<Record<ActivationKind, number>> = { gate: 1, tanh: 2, erf: 3 };

interface TogetherGradients extends ProductGradient {
  x: Tensor;
  partial: Tensor;
  hasBias: boolean;
  activation?: ActivationKind;
}

/**
 * dx, and the partial sums of the weight's gradient, behind which those of the bias's stand where there is one, in one
 * dispatch. Bits are those of `backpropX`, `backpropWeight` and `backpropBias`.
 *
 * @param partial     f32, weightSplits(N, O, I) times (O, I), then columnSplits(N) times (O)
 * @param activation  made x of `into`, which then gets its own gradient in place of that of x
 * @param tile        takes the place of the tiled kernel
 */
export function backpropTogether(
  plan: Plan,
  { x, dout, weight, into, first = 0, partial, hasBias, activation }: TogetherGradients,
  tile: SmallTile | null = smallTileFor(...extents2(weight)),
): void {
  const [N, O] = extents2(dout);
  const [, I] = extents2(weight);
  const splits = weightSplits(N, O, I);
  const [rows, columns] = tile ?? [64, 64];
  // Workgroups of the bias's gradient: each 64 threads of one have 64 columns of a split, and without small tiles all have.
  const slots = tile ? smallSizes(tile).THREADS / 64 : 1;
  const ofBias = hasBias ? Math.ceil((Math.ceil(O / 64) * columnSplits(N)) / slots) : 0;
  const groups = Math.ceil(I / columns) * (Math.ceil(N / rows) + Math.ceil(O / rows) * splits) + ofBias;
  plan.dispatch({
    ...kernelOfTile(weight, tile),
    entry: "backprop",
    tensors: { x4: x, dout4: dout, ...weightTensors(weight), dx4: into.d, partial4: partial },
    params: { N, I, O, first, splits, stride: O, ...(!tile && noTerm) },
    groups: grid(groups, 1),
    constants: {
      ...into.constants,
      BIAS: hasBias ? 1 : 0,
      ...(activation && { ACTIVATION: activationCodes[activation] }),
      ...weightConstants(weight),
    },
  });
}
