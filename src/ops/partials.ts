import source from "../../shaders/partials.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Into } from "../gpu/tape.ts";
import { size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("partials", source);

/** Up to this many splits are added by one thread. */
const mostFew = 8;

/** Rows in a split of the sums over columns, so that few columns still fill the device. */
const rowsPerSplit = 64;

/** Splits of the sum of columns over N rows. */
export const columnSplits = (N: number): number => Math.max(1, Math.ceil(N / rowsPerSplit));

/** Where in a tensor of partial sums, and to where in a gradient. */
export interface PartialSums {
  splits?: number;
  /** Numbers of each split. */
  count?: number;
  /** First number in the tensor of partial sums, which may hold several gradients'. */
  first?: number;
  /** First number of the gradient. */
  to?: number;
}

/** into (+)= the sum over splits, in a fixed order. @param partial  (splits, ...) unless `splits` and `count` say otherwise */
export function addPartials(
  plan: Plan,
  partial: Tensor,
  into: Into,
  { splits = partial.shape[0] ?? 1, count, first = 0, to = 0 }: PartialSums = {},
): void {
  const numbers = count ?? size(partial.shape) / splits;
  plan.dispatch({
    shader,
    entry: splits <= mostFew ? "add_few" : "add_many",
    tensors: { partial, d: into.d },
    params: { count: numbers, splits, first, to },
    groups: grid(numbers, 64),
    constants: into.constants,
  });
}
