import source from "../../shaders/layernorm.wgsl" with { type: "text" };
import sumLanes from "../../shaders/shared/sum_lanes.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Into, Tape } from "../gpu/tape.ts";
import { expectShape, extents2, lengthOf, type Tensor } from "../gpu/tensor.ts";
import { columnSplits, sumPartials } from "./partials.ts";

const shader = new Shader("layernorm", source, sumLanes);

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
  tape.plan.dispatch({
    shader,
    entry: "normalize",
    tensors: { x, weight, bias, out, moments },
    params,
    groups: grid(N, 1),
  });

  tape.record(out, [x, weight, bias], () => {
    const dout = tape.gradient(out);
    const intoWeight = tape.into(weight);
    const intoBias = tape.into(bias);
    const splits = columnSplits(N);
    const dispatch = (entry: string, groups: readonly [number, number?], own: Record<string, Tensor>, add?: Into) =>
      tape.plan.dispatch({
        shader,
        entry,
        tensors: { x, weight, dout, moments, ...own },
        params: { ...params, splits },
        groups,
        constants: add?.constants,
      });
    const sums = [intoWeight, intoBias].flatMap((into, which) =>
      into ? [{ into, splits, count: C, first: which * splits * C }] : [],
    );
    const together = sums.length > 0 && tape.tracks(x);
    if (sums.length > 0)
      sumPartials(tape, "layernorm.partial", [2, splits, C], sums, (partial) => {
        const columns = Math.ceil(C / 64);
        const intoX = together ? tape.into(x) : null;
        if (intoX) dispatch("backprop", grid(Math.ceil(N / 4) + columns * splits, 1), { partial, dx: intoX.d }, intoX);
        else dispatch("backprop_weight", [columns, splits], { partial });
      });
    const intoX = together ? null : tape.into(x);
    if (intoX) dispatch("backprop_x", grid(N, 4), { dx: intoX.d }, intoX);
  });
  return out;
}
