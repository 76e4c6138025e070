import source from "../../shaders/rmsnorm.wgsl" with { type: "text" };
import sumLanes from "../../shaders/shared/sum_lanes.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
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
    if (intoWeight) {
      const splits = columnSplits(N);
      sumPartials(tape, "rmsnorm.partial", [splits, C], [{ into: intoWeight }], (partial) =>
        tape.plan.dispatch({
          shader,
          entry: "backprop_weight",
          tensors: { x, dout, rstd, partial },
          params: { ...params, splits },
          groups: [Math.ceil(C / 64), splits],
        }),
      );
    }
    const intoX = tape.into(x);
    if (intoX)
      tape.plan.dispatch({
        shader,
        entry: short ? "backprop_x_short" : "backprop_x",
        tensors: { x, weight, dout, rstd, dx: intoX.d },
        params,
        groups,
        constants: intoX.constants,
      });
  });
  return out;
}
