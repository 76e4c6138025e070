import source from "../../shaders/linear.wgsl" with { type: "text" };
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Into } from "../gpu/tape.ts";
import { extents2, type Tensor } from "../gpu/tensor.ts";
import { addTerm, type LowRankTerm } from "./low_rank.ts";
import { takesMatrixUnits } from "./matrix_admission.ts";
import { columnSplits } from "./partials.ts";
import { backpropXVec4, inTiles, multiplyInParts, takesProduct, takesTerm, weightPartialsInTiles } from "./product.ts";
import { backpropXOnMatrixUnits, multiplyOnMatrixUnits } from "./product_matrix.ts";
import { expectF32, fromColumn, rowRanges } from "./weight_kernels.ts";

const shader = new Shader("linear", source);

/** Rows in a split of a weight gradient's sum over N, so that a small gradient still fills the device. */
const rowsPerSplit = 256;
/** Beyond this many workgroups more of them do not make a product faster. */
const busyTiles = 4096;

/** out (N, O) = x (N, I) times O rows of a weight, transposed. */
export interface Product {
  x: Tensor;
  weight: Tensor;
  out: Tensor;
  bias?: Tensor | null;
  /** (N, O), added to the product. */
  residual?: Tensor;
  /** First of the O rows of the weight; 0 unless given. */
  first?: number;
}

const inVec4 = (plan: Plan, ...sizes: number[]): boolean => !plan.gpu.plain && sizes.every((n) => n % 4 === 0);

/** Records a product by the kernel that suits its sizes and the device, and adds what adapters contribute. */
export function multiply(plan: Plan, product: Product, terms: readonly LowRankTerm[] = []): void {
  const { weight, out, first = 0 } = product;
  const [N, O] = extents2(out);
  const [, I] = extents2(weight);
  if (takesMatrixUnits(plan.gpu, weight, N, I, O, first)) {
    multiplyOnMatrixUnits(plan, product);
    for (const term of terms) addTerm(plan, out, term);
    return;
  }
  // Depends on the weight alone: a row has the same bits however many rows there are.
  const inParts = takesProduct(plan, I, O, first);
  const term = inParts ? terms.find((one) => takesTerm(plan, weight, one)) : undefined;
  if (inParts) multiplyInParts(plan, { ...product, term });
  else multiplyAnySize(plan, product);
  for (const other of terms) if (other !== term) addTerm(plan, out, other);
}

/** By the kernels of linear.wgsl, which take any sizes. */
function multiplyAnySize(plan: Plan, { x, weight, out, bias, residual, first = 0 }: Product): void {
  const [N, O] = extents2(out);
  const [, I] = extents2(weight);
  expectF32(weight);
  for (const range of rowRanges(plan.gpu, { weight, first, count: O, bias }))
    plan.dispatch({
      shader,
      entry: inVec4(plan, I) ? "multiply_vec4" : "multiply",
      tensors: {
        x,
        weight: range.weight,
        x4: x,
        weight4: range.weight,
        bias: range.bias ?? range.weight,
        residual: residual ? fromColumn(residual, range.column) : x,
        out: fromColumn(out, range.column),
      },
      params: { N, I, O: range.count, first: range.first, splits: 1, stride: O },
      groups: [Math.ceil(range.count / 32), Math.ceil(N / 32)],
      constants: { BIAS: bias ? 1 : 0, RESIDUAL: residual ? 1 : 0 },
    });
}

/** The gradient of a product's left factor. */
export interface ProductGradient {
  /** (N, O) */
  dout: Tensor;
  weight: Tensor;
  /** (N, I) */
  into: Into;
  /** First of the O rows of the weight; 0 unless given. */
  first?: number;
}

/** dx (N, I) = dout (N, O) times O rows of the weight. */
export function backpropX(plan: Plan, gradient: ProductGradient): void {
  const { dout, weight, into, first = 0 } = gradient;
  const [N, O] = extents2(dout);
  const [, I] = extents2(weight);
  if (takesMatrixUnits(plan.gpu, weight, N, I, O, first)) {
    backpropXOnMatrixUnits(plan, gradient);
    return;
  }
  if (takesProduct(plan, I, O)) {
    backpropXVec4(plan, gradient);
    return;
  }
  expectF32(weight);
  for (const range of rowRanges(plan.gpu, { weight, first, count: O }))
    plan.dispatch({
      shader,
      entry: "backprop_x",
      tensors: { dout: fromColumn(dout, range.column), weight: range.weight, dx: into.d },
      params: { N, I, O: range.count, first: range.first, splits: 1, stride: O },
      groups: [Math.ceil(I / 32), Math.ceil(N / 32)],
      constants: range.column > 0 ? { ADD: 1 } : into.constants,
    });
}

/**
 * Splits of the sum over N rows that makes the gradient of an (O, I) weight: the first extent of its partial sums. A large
 * weight fills the device without, and its partial sums would take much memory.
 */
export function weightSplits(N: number, O: number, I: number): number {
  const tiles = Math.ceil(O / 32) * Math.ceil(I / 32);
  return Math.max(1, Math.min(Math.ceil(N / rowsPerSplit), Math.ceil(busyTiles / tiles)));
}

/** The gradient of a weight, as partial sums. */
export interface WeightGradient {
  /** (N, I) */
  x: Tensor;
  /** (N, O) */
  dout: Tensor;
  /** (weightSplits(N, O, I), O, I), overwritten. */
  partial: Tensor;
}

/** partial (splits, O, I) = doutT x over each split of the rows. */
export function backpropWeight(plan: Plan, { x, dout, partial }: WeightGradient): void {
  const [N, O] = extents2(dout);
  const [, I] = extents2(x);
  const [splits = 1] = partial.shape;
  if (inTiles(plan.gpu) && takesProduct(plan, I, O)) {
    weightPartialsInTiles(plan, { x, dout, partial });
    return;
  }
  plan.dispatch({
    shader,
    entry: inVec4(plan, I, O) ? "backprop_weight_vec4" : "backprop_weight",
    tensors: { x, dout, partial, x4: x, dout4: dout, partial4: partial },
    params: { N, I, O, first: 0, splits, stride: O },
    groups: [Math.ceil(I / 32), Math.ceil(O / 32), splits],
  });
}

/** partial (columnSplits(N), O) = sums of dout (N, O) over each split of its rows. */
export function backpropBias(plan: Plan, { dout, partial }: Pick<WeightGradient, "dout" | "partial">): void {
  const [N, O] = extents2(dout);
  const splits = columnSplits(N);
  plan.dispatch({
    shader,
    entry: "sum_rows",
    tensors: { dout, partial },
    params: { N, I: 1, O, first: 0, splits, stride: O },
    groups: [Math.ceil(O / 64), splits],
  });
}
