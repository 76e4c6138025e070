import source from "../../shaders/rmsnorm.wgsl" with { type: "text" };
import unsharedSource from "../../shaders/rmsnorm_unshared.wgsl" with { type: "text" };
import sumLanes from "../../shaders/shared/sum_lanes.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, extents2, lengthOf, type Tensor } from "../gpu/tensor.ts";
import { addPartials, columnSplits } from "./partials.ts";

const shader = new Shader("rmsnorm", source, sumLanes);
const unshared = new Shader("rmsnorm_unshared", unsharedSource);
/** Threads in a workgroup of that shader. */
const unsharedThreads = 16;

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
  const byRow = (entry: string) =>
    !short && C % 4 === 0 ? { unshared: { shader: unshared, entry, groups: grid(N, unsharedThreads) } } : {};
  tape.plan.dispatch({
    shader,
    entry: short ? "normalize_short" : "normalize",
    tensors: { x, weight, out, rstd },
    params,
    groups,
    ...byRow("normalize"),
  });

  tape.record(out, [x, weight], () => {
    const dout = tape.gradient(out);
    const intoWeight = tape.into(weight);
    if (intoWeight) {
      const splits = columnSplits(N);
      tape.scratch("rmsnorm.partial", [splits, C], (partial) => {
        tape.plan.dispatch({
          shader,
          entry: "backprop_weight",
          tensors: { x, dout, rstd, partial },
          params: { ...params, splits },
          groups: [Math.ceil(C / 64), splits],
          ...(C % 4 === 0 && {
            unshared: {
              shader: unshared,
              entry: "backprop_weight",
              groups: [Math.ceil(C / 4 / unsharedThreads), splits],
            },
          }),
        });
        addPartials(tape.plan, partial, intoWeight);
      });
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
        ...byRow("backprop_x"),
      });
  });
  return out;
}
