import source from "../../shaders/swiglu.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, extents2, shapeText, type Tensor } from "../gpu/tensor.ts";
import { type LinearOptions, linear, termsOf } from "./linear.ts";
import { multiplyInParts, takesActivation, takesGated } from "./product.ts";

const shader = new Shader("swiglu", source);

/**
 * out = silu(gate) up, elementwise. The backward pass may overwrite `packed`, by far the largest activation of a layer, with
 * its gradient: no other op may read it there.
 *
 * @param packed    (N, 2 F): gate and up side by side
 * @param computed  the result, where the layer before has computed it
 * @returns         (N, F)
 */
export function swiglu(tape: Tape, packed: Tensor, computed?: Tensor): Tensor {
  const [N = 0, width = 0] = packed.shape;
  if (packed.shape.length !== 2 || width % 2 !== 0)
    throw new RangeError(`${packed.name} has shape ${shapeText(packed.shape)}, expected gate and up: (N, 2 F)`);
  const F = width / 2;
  const out = computed ?? tape.empty("swiglu", [N, F]);
  const params = { N, F };
  const groups = grid(N * F, 64);
  if (!computed) tape.plan.dispatch({ shader, entry: "multiply", tensors: { packed, out }, params, groups });

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
  tape.activate(out, { kind: "gate", input: packed });
  return out;
}

/**
 * silu(gate) up of a linear layer whose weight has the rows of gate, then those of up. The bits are those of
 * swiglu(linear()); one dispatch where that can be.
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
  const [N] = extents2(x);
  const [width, I] = extents2(weight);
  if (tape.recording && adapters.length === 0 && takesActivation(tape.plan, N, weight)) {
    const activated = tape.empty("swiglu", [N, width / 2]);
    return swiglu(tape, linear(tape, x, weight, { bias, activation: { kind: "gate", activated } }), activated);
  }
  if (tape.recording || !takesGated(tape.plan, N, weight, adapters))
    return swiglu(tape, linear(tape, x, weight, { bias, adapters }));
  expectShape(x, -1, I);
  if (bias) expectShape(bias, width);
  const out = tape.empty("swiglu", [N, width / 2]);
  const [term] = termsOf(tape, x, adapters);
  multiplyInParts(tape.plan, { x, weight, out, bias, term, gated: true });
  return out;
}
