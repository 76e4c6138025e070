import source from "../../shaders/swiglu.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { shapeText, type Tensor } from "../gpu/tensor.ts";

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
