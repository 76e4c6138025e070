import source from "../../shaders/low_rank.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("low_rank", source);

/** Threads from which on more of them do not make a sum faster. */
const busyThreads = 65_536;
/** Fewest outputs of a part that a stretch of its sum has. */
const leastSplit = 128;

/**
 * Small matrices beside a frozen weight (LoRA): what is added is scaling (x downT) upT. The weight may be that of
 * several layers side by side, each of which has its own two matrices.
 */
export interface Adapter {
  /** (P R, I): one below another for each of P layers. */
  down: Tensor;
  /** (columns, R), as many rows as the columns of the result that it adds to. */
  up: Tensor;
  scaling: number;
  /** First column of the result, and where each layer's columns end: P + 1 numbers. */
  bounds: readonly number[];
}

/** An adapter with x downT, (N, P R). */
export interface LowRankTerm extends Adapter {
  low: Tensor;
}

/** Layers side by side that one adapter may have: kernels tell parts apart by two ends. */
export const mostParts = 3;

/** What kernels must know of an adapter. @throws RangeError where its shapes do not fit one another */
export function termParams({ down, up, scaling, bounds }: Adapter) {
  const P = bounds.length - 1;
  const [first, end] = [bounds[0]!, bounds[P]!];
  const R = up.shape[1]!;
  if (P < 1 || P > mostParts) throw new RangeError(`${down.name} is of ${P} layers, expected 1 to ${mostParts}`);
  expectShape(up, end - first, R);
  expectShape(down, P * R, -1);
  const ends = [1, 2].map((part) => (bounds[part] ?? end) - first);
  return { first, count: end - first, R, P, end1: ends[0]!, end2: ends[1]!, scaling };
}

/** Adds a term to columns of `out` (N, O), which a product has made. */
export function addTerm(plan: Plan, out: Tensor, term: LowRankTerm): void {
  const [N, O] = out.shape as [number, number];
  const params = { N, O, ...termParams(term), splits: 1 };
  plan.dispatch({
    shader,
    entry: "add",
    tensors: { low: term.low, up: term.up, out },
    params,
    groups: grid(N * params.count, 64),
  });
}

/** Stretches that the sums of `backpropLow` are cut into, so that few rows still fill the device. */
export function lowSplits(N: number, term: LowRankTerm): number {
  const { P, R, count } = termParams(term);
  const threads = Math.ceil(N / 4) * P * R;
  return Math.max(1, Math.min(Math.ceil(busyThreads / threads), Math.floor(count / P / leastSplit)));
}

/** The gradient of `low` into partial (splits, N, P R), whose splits are to be added up. */
export function backpropLow(plan: Plan, dout: Tensor, term: LowRankTerm, partial: Tensor): void {
  const [N, O] = dout.shape as [number, number];
  const splits = partial.shape[0]!;
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

/** The gradient of `up` into partial (splits, columns, R), whose splits are to be added up. */
export function backpropUp(plan: Plan, dout: Tensor, term: LowRankTerm, partial: Tensor): void {
  const [N, O] = dout.shape as [number, number];
  const splits = partial.shape[0]!;
  const params = { N, O, ...termParams(term), splits };
  plan.dispatch({
    shader,
    entry: "backprop_up",
    tensors: { dout, low: term.low, partial },
    params,
    groups: [Math.ceil(params.count / 64), Math.ceil(params.R / 4), splits],
  });
}
