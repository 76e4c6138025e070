import source from "../../shaders/linear.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, size, type Tensor } from "../gpu/tensor.ts";
import { passGradient } from "./add.ts";

const shader = new Shader("linear", source);

/** Stretches that the sum over N rows is cut into, so that a small weight gradient still fills the device. */
const rowsPerSplit = 256;

export interface LinearOptions {
  bias?: Tensor | null;
  /** Added to the result, (N, O): the residual stream. */
  residual?: Tensor;
  /** Which rows of the weight (and bias) make up the layer, [from, to): one part of a packed qkv weight. */
  rows?: readonly [number, number];
}

/**
 * out = x weightT + bias + residual.
 *
 * @param x       (N, I)
 * @param weight  (O, I), or more rows of which `rows` names O
 * @returns       (N, O)
 */
export function linear(tape: Tape, x: Tensor, weight: Tensor, { bias, residual, rows }: LinearOptions = {}): Tensor {
  const I = weight.shape[1]!;
  expectShape(x, -1, I);
  const [first, end] = rows ?? [0, weight.shape[0]!];
  if (end > weight.shape[0]!) throw new RangeError(`${weight.name} has ${weight.shape[0]} rows, rows up to ${end} were asked for`);
  const O = end - first;
  const N = x.shape[0]!;
  if (bias) expectShape(bias, weight.shape[0]!);
  if (residual) expectShape(residual, N, O);
  const out = tape.empty(`linear(${weight.name})`, [N, O]);
  const params = { N, I, O, first, splits: 1 };
  tape.plan.dispatch({
    shader,
    entry: "multiply",
    tensors: { x, weight, bias: bias ?? weight, residual: residual ?? x, out },
    params,
    groups: [Math.ceil(O / 32), Math.ceil(N / 32)],
    constants: { BIAS: bias ? 1 : 0, RESIDUAL: residual ? 1 : 0 },
  });

  tape.record(out, [x, weight, bias, residual], () => {
    const dout = tape.gradient(out);
    const splits = Math.max(1, Math.ceil(N / rowsPerSplit));
    const intoWeight = tape.into(weight);
    if (intoWeight) {
      const partial = tape.empty("linear.partial", [splits, O, I]);
      const sum = { ...params, splits };
      tape.plan.dispatch({
        shader,
        entry: "backprop_weight",
        tensors: { x, dout, partial },
        params: sum,
        groups: [Math.ceil(I / 32), Math.ceil(O / 32), splits],
      });
      addPartials(tape, partial, intoWeight, sum);
    }
    const intoBias = bias ? tape.into(bias) : null;
    if (intoBias) {
      const partial = tape.empty("linear.partial", [splits, O]);
      const sum = { ...params, splits };
      tape.plan.dispatch({ shader, entry: "sum_rows", tensors: { dout, partial }, params: sum, groups: [Math.ceil(O / 64), splits] });
      addPartials(tape, partial, intoBias, { ...sum, I: 1 });
    }
    const intoX = tape.into(x);
    if (intoX)
      tape.plan.dispatch({
        shader,
        entry: "backprop_x",
        tensors: { dout, weight, dx: intoX.d },
        params,
        groups: [Math.ceil(I / 32), Math.ceil(N / 32)],
        constants: intoX.constants,
      });
    if (residual) passGradient(tape, out, residual);
  });
  return out;
}

function addPartials(
  tape: Tape,
  partial: Tensor,
  into: { d: Tensor; constants: { ADD: 0 | 1 } },
  params: { N: number; I: number; O: number; first: number; splits: number },
): void {
  tape.plan.dispatch({
    shader,
    entry: "add_partials",
    tensors: { partial, dweight: into.d },
    params,
    groups: grid(size(partial.shape) / params.splits, 64),
    constants: into.constants,
  });
}
