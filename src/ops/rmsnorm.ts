import source from "../../shaders/rmsnorm.wgsl" with { type: "text" };
import sumLanes from "../../shaders/shared/sum_lanes.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Into, Tape } from "../gpu/tape.ts";
import { expectShape, extents2, lengthOf, type Tensor } from "../gpu/tensor.ts";
import { columnSplits, sumPartials } from "./partials.ts";

const shader = new Shader("rmsnorm", source, sumLanes);

/** Rows up to this length are normalized by one thread, longer ones by a workgroup. */
const shortRow = 64;

/**
 * out = x / sqrt(mean(x^2) + eps) weight, row by row.
 *
 * @param x       (N, C); heads are rows too: (N H, D)
 * @param weight  (C)
 * @returns       (N, C)
 */
export function rmsnorm(tape: Tape, x: Tensor, weight: Tensor, eps: number): Tensor {
  const C = lengthOf(weight);
  expectShape(x, -1, C);
  const [N] = extents2(x);
  const out = tape.empty(`rmsnorm(${weight.name})`, [N, C]);
  const rstd = tape.empty("rmsnorm.rstd", [N]);
  const params = { N, C, eps, splits: 1 };
  const short = C <= shortRow;
  const groups = grid(N, short ? 64 : 1);
  tape.plan.dispatch({
    shader,
    entry: short ? "normalize_short" : "normalize",
    tensors: { x, weight, out, rstd },
    params,
    groups,
  });

  tape.record(out, [x, weight], () => {
    const dout = tape.gradient(out);
    const intoWeight = tape.into(weight);
    const splits = columnSplits(N);
    const dispatch = (entry: string, groups: readonly [number, number?], own: Record<string, Tensor>, add?: Into) =>
      tape.plan.dispatch({
        shader,
        entry,
        tensors: { x, weight, dout, rstd, ...own },
        params: { ...params, splits },
        groups,
        constants: add?.constants,
      });
    // One dispatch for both, where rows are long enough for a workgroup's threads.
    const together = intoWeight !== null && tape.tracks(x) && !short;
    if (intoWeight)
      sumPartials(tape, "rmsnorm.partial", [splits, C], [{ into: intoWeight }], (partial) => {
        const columns = Math.ceil(C / 64);
        const intoX = together ? tape.into(x) : null;
        if (intoX) dispatch("backprop", grid(Math.ceil(N / 4) + columns * splits, 1), { partial, dx: intoX.d }, intoX);
        else dispatch("backprop_weight", [columns, splits], { partial });
      });
    const intoX = together ? null : tape.into(x);
    if (intoX) dispatch(short ? "backprop_x_short" : "backprop_x", grid(N, short ? 64 : 4), { dx: intoX.d }, intoX);
  });
  return out;
}
