import source from "../../shaders/low_rank.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { expectShape, extents2, extents3, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("low_rank", source);

/** Beyond this many threads more of them do not make a sum faster. */
const busyThreads = 65_536;
/** Fewest outputs in a split of a part's sum. */
const leastOutputsPerSplit = 128;

/**
 * LoRA: two small matrices beside a frozen weight, which add scaling (x downT) upT. The weight may be that of several
 * layers side by side, each with its own two matrices.
 */
export interface Adapter {
  /** (P R, I): the matrices of P layers, one below another. */
  down: Tensor;
  /** (columns, R): one row for each column of the result that it adds to. */
  up: Tensor;
  scaling: number;
  /** First column of the result, then the end of each layer's columns: P + 1 numbers. */
  bounds: readonly number[];
}

/** An adapter with x downT, (N, P R). */
export interface LowRankTerm extends Adapter {
  low: Tensor;
}

/** Most layers side by side in one adapter: kernels know the ends of two parts, and that of all. */
export const mostParts = 3;

/** Parameters of kernels for an adapter. @throws RangeError where its shapes do not fit one another */
export function termParams({ down, up, scaling, bounds }: Adapter) {
  const P = bounds.length - 1;
  const [first = 0, end1 = 0] = bounds;
  const end = bounds.at(-1) ?? 0;
  const [, R] = extents2(up);
  if (P < 1 || P > mostParts) throw new RangeError(`${down.name} is of ${P} layers, expected 1 to ${mostParts}`);
  expectShape(up, end - first, R);
  expectShape(down, P * R, -1);
  return { first, count: end - first, R, P, end1: end1 - first, end2: (bounds[2] ?? end) - first, scaling };
}

/** Adds a term to columns of `out` (N, O), which a product has made. */
export function addTerm(plan: Plan, out: Tensor, term: LowRankTerm): void {
  const [N, O] = extents2(out);
  const params = { N, O, ...termParams(term), splits: 1 };
  plan.dispatch({
    shader,
    entry: "add",
    tensors: { low: term.low, up: term.up, out },
    params,
    groups: grid(N * params.count, 64),
  });
}

/** Splits of the sums in `backpropLow`, so that few rows still fill the device. */
export function lowSplits(N: number, term: LowRankTerm): number {
  const { P, R, count } = termParams(term);
  const threads = Math.ceil(N / 4) * P * R;
  return Math.max(1, Math.min(Math.ceil(busyThreads / threads), Math.floor(count / P / leastOutputsPerSplit)));
}

/** The gradient of `low` as partial sums (splits, N, P R). */
export function backpropLow(plan: Plan, dout: Tensor, term: LowRankTerm, partial: Tensor): void {
  const [N, O] = extents2(dout);
  const [splits] = extents3(partial);
  const params = { N, O, ...termParams(term), splits };
  const [x, y] = grid(Math.ceil(N / 4) * params.P * params.R, 64);
  plan.dispatch({
    shader,
    entry: "backprop_low",
    tensors: { dout, up: term.up, partial },
    params,
    groups: [x, y, splits],
  });
}

/** The gradient of `up` as partial sums (splits, columns, R). */
export function backpropUp(plan: Plan, dout: Tensor, term: LowRankTerm, partial: Tensor): void {
  const [N, O] = extents2(dout);
  const [splits] = extents3(partial);
  const params = { N, O, ...termParams(term), splits };
  plan.dispatch({
    shader,
    entry: "backprop_up",
    tensors: { dout, low: term.low, partial },
    params,
    groups: [Math.ceil(params.count / 64), Math.ceil(params.R / 4), splits],
  });
}
