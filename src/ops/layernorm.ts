import source from "../../shaders/layernorm.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("layernorm", source);

/** Stretches that the sum over N rows is cut into, so that a small weight gradient still fills the device. */
const rowsPerSplit = 256;

/**
 * out = (x - mean) / sqrt(variance + eps) weight + bias, row by row, with the biased variance.
 *
 * @param x       (N, C)
 * @param weight  (C)
 * @param bias    (C)
 * @returns       (N, C)
 */
export function layernorm(tape: Tape, x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  expectShape(weight, -1);
  const C = weight.shape[0]!;
  expectShape(bias, C);
  expectShape(x, -1, C);
  const N = x.shape[0]!;
  const out = tape.empty(`layernorm(${weight.name})`, [N, C]);
  const moments = tape.empty("layernorm.moments", [N, 2]);
  const params = { N, C, eps, splits: 1, first: 0 };
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
    if (intoWeight || intoBias) {
      const splits = Math.max(1, Math.ceil(N / rowsPerSplit));
      const partial = tape.empty("layernorm.partial", [2, splits, C]);
      const columns = Math.ceil(C / 64);
      tape.plan.dispatch({
        shader,
        entry: "backprop_weight",
        tensors: { x, dout, moments, partial },
        params: { ...params, splits },
        groups: [columns, splits],
      });
      [intoWeight, intoBias].forEach((into, which) => {
        if (into)
          tape.plan.dispatch({
            shader,
            entry: "add_partials",
            tensors: { partial, dweight: into.d },
            params: { ...params, splits, first: which * splits },
            groups: [columns],
            constants: into.constants,
          });
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
      });
  });
  return out;
}
