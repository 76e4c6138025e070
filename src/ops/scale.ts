import source from "../../shaders/scale.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("scale", source);

/** out = factor x, elementwise. @param x any shape */
export function scale(tape: Tape, x: Tensor, factor: number): Tensor {
  const out = tape.empty("scale", x.shape);
  const count = size(x.shape);
  const params = { count, factor };
  const groups = grid(count, 64);
  tape.plan.dispatch({ shader, entry: "multiply", tensors: { x, out }, params, groups });

  tape.record(out, [x], () => {
    const into = tape.into(x);
    // Its own way back: the gradient is multiplied by the same number.
    if (into)
      tape.plan.dispatch({
        shader,
        entry: "multiply",
        tensors: { x: tape.gradient(out), out: into.d },
        params,
        groups,
        constants: into.constants,
      });
  });
  return out;
}
