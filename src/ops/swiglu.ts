import source from "../../shaders/swiglu.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("swiglu", source);

/**
 * out = silu(gate) up, elementwise.
 *
 * @param gate  (N, F)
 * @param up    (N, F)
 * @returns     (N, F)
 */
export function swiglu(tape: Tape, gate: Tensor, up: Tensor): Tensor {
  expectShape(gate, -1, -1);
  expectShape(up, ...gate.shape);
  const out = tape.empty("swiglu", gate.shape);
  const count = size(gate.shape);
  const params = { count };
  const groups = grid(count, 64);
  tape.plan.dispatch({ shader, entry: "multiply", tensors: { gate, up, out }, params, groups });

  tape.record(out, [gate, up], () => {
    const dout = tape.gradient(out);
    const intoGate = tape.into(gate);
    if (intoGate)
      tape.plan.dispatch({
        shader,
        entry: "backprop_gate",
        tensors: { gate, up, dout, dgate: intoGate.d },
        params,
        groups,
        constants: intoGate.constants,
      });
    const intoUp = tape.into(up);
    if (intoUp)
      tape.plan.dispatch({
        shader,
        entry: "backprop_up",
        tensors: { gate, dout, dup: intoUp.d },
        params,
        groups,
        constants: intoUp.constants,
      });
  });
  return out;
}
