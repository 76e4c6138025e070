import source from "../../shaders/layernorm.wgsl" with { type: "text" };
import unsharedSource from "../../shaders/layernorm_unshared.wgsl" with { type: "text" };
import sumLanes from "../../shaders/shared/sum_lanes.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, extents2, lengthOf, type Tensor } from "../gpu/tensor.ts";
import { addPartials, columnSplits } from "./partials.ts";

const shader = new Shader("layernorm", source, sumLanes);
const unshared = new Shader("layernorm_unshared", unsharedSource);
/** Threads in a workgroup of that shader. */
const unsharedThreads = 16;

export interface LayerNorm {
  /** (C) */
  weight: Tensor;
  /** (C) */
  bias: Tensor;
  eps: number;
}

/**
 * out = (x - mean) / sqrt(variance + eps) weight + bias, row by row, with the biased variance.
 *
 * @param x  (N, C)
 * @returns  (N, C)
 */
export function layernorm(tape: Tape, x: Tensor, { weight, bias, eps }: LayerNorm): Tensor {
  const C = lengthOf(weight);
  expectShape(bias, C);
  expectShape(x, -1, C);
  const [N] = extents2(x);
  const out = tape.empty(`layernorm(${weight.name})`, [N, C]);
  const moments = tape.empty("layernorm.moments", [N, 2]);
  const params = { N, C, eps, splits: 1 };
  const byRow = (entry: string) =>
    C % 4 === 0 ? { unshared: { shader: unshared, entry, groups: grid(N, unsharedThreads) } } : {};
  tape.plan.dispatch({
    shader,
    entry: "normalize",
    tensors: { x, weight, bias, out, moments },
    params,
    groups: grid(N, 1),
    ...byRow("normalize"),
  });

  tape.record(out, [x, weight, bias], () => {
    const dout = tape.gradient(out);
    const intoWeight = tape.into(weight);
    const intoBias = tape.into(bias);
    if (intoWeight || intoBias) {
      const splits = columnSplits(N);
      tape.scratch("layernorm.partial", [2, splits, C], (partial) => {
        tape.plan.dispatch({
          shader,
          entry: "backprop_weight",
          tensors: { x, dout, moments, partial },
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
        for (const [which, into] of [intoWeight, intoBias].entries())
          if (into) addPartials(tape.plan, partial, into, { splits, count: C, first: which * splits * C });
      });
    }
    const intoX = tape.into(x);
    if (intoX)
      tape.plan.dispatch({
        shader,
        entry: "backprop_x",
        tensors: { x, weight, dout, moments, dx: intoX.d },
        params,
        groups: grid(N, 1),
        constants: intoX.constants,
        ...byRow("backprop_x"),
      });
  });
  return out;
}
