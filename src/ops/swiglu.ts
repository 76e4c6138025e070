import source from "../../shaders/swiglu.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, shapeText, type Tensor } from "../gpu/tensor.ts";
import { type LinearOptions, linear, termsOf } from "./linear.ts";
import { multiplyInParts, takesGated } from "./product.ts";

const shader = new Shader("swiglu", source);

/**
 * out = silu(gate) up, elementwise. The way back may write over `packed`, which is by far the largest activation of a
 * layer: nothing else may read it there.
 *
 * @param packed  (N, 2 F): gate and up side by side
 * @returns       (N, F)
 */
export function swiglu(tape: Tape, packed: Tensor): Tensor {
  const [N, width] = packed.shape as [number, number];
  if (packed.shape.length !== 2 || width % 2 !== 0)
    throw new RangeError(`${packed.name} has shape ${shapeText(packed.shape)}, expected gate and up: (N, 2 F)`);
  const F = width / 2;
  const out = tape.empty("swiglu", [N, F]);
  const params = { N, F };
  const groups = grid(N * F, 64);
  tape.plan.dispatch({ shader, entry: "multiply", tensors: { packed, out }, params, groups });

  tape.record(out, [packed], () => {
    const over = tape.over(packed);
    if (over) {
      const tensors = { dout: tape.gradient(out), dpacked: over };
      tape.plan.dispatch({ shader, entry: "backprop_over", tensors, params, groups });
      return;
    }
    const into = tape.into(packed);
    if (into)
      tape.plan.dispatch({
        shader,
        entry: "backprop",
        tensors: { packed, dout: tape.gradient(out), dpacked: into.d },
        params,
        groups,
        constants: into.constants,
      });
  });
  return out;
}

/**
 * silu(gate) up of a linear layer whose rows are those of gate and then up: with the bits of swiglu(linear()), in one
 * dispatch where nothing is kept for the way back.
 *
 * @param x       (N, I)
 * @param weight  (2 F, I)
 * @returns       (N, F)
 */
export function gatedLinear(
  tape: Tape,
  x: Tensor,
  weight: Tensor,
  { bias, adapters = [] }: Pick<LinearOptions, "bias" | "adapters"> = {},
): Tensor {
  const [N, width] = [x.shape[0]!, weight.shape[0]!];
  if (tape.recording || !takesGated(tape.plan, N, weight, adapters))
    return swiglu(tape, linear(tape, x, weight, { bias, adapters }));
  expectShape(x, -1, weight.shape[1]!);
  if (bias) expectShape(bias, width);
  const out = tape.empty("swiglu", [N, width / 2]);
  const [term] = termsOf(tape, x, adapters);
  multiplyInParts(tape.plan, x, weight, out, { bias, first: 0, term, gated: true });
  return out;
}
