import source from "../../shaders/gelu.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("gelu", source);

/**
 * out = x Phi(x), elementwise, with the normal distribution function Phi. The backward pass may overwrite x with its gradient: no
 * other op may read it there.
 *
 * @param x     any shape
 * @param form  "erf": exact; "tanh": the approximation that configurations call gelu_pytorch_tanh
 */
export function gelu(tape: Tape, x: Tensor, form: "tanh" | "erf"): Tensor {
  const out = tape.empty("gelu", x.shape);
  const count = size(x.shape);
  const ERF = form === "erf" ? 1 : 0;
  const params = { count };
  const groups = grid(count, 64);
  tape.plan.dispatch({ shader, entry: "activate", tensors: { x, out }, params, groups, constants: { ERF } });

  tape.record(out, [x], () => {
    const into = tape.into(x);
    if (into)
      tape.plan.dispatch({
        shader,
        entry: "backprop_x",
        tensors: { x, dout: tape.gradient(out), dx: into.d },
        params,
        groups,
        constants: { ...into.constants, ERF },
      });
  });
  tape.activate(out, { kind: form, input: x });
  return out;
}
