import source from "../../shaders/gelu.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { extents2, size, type Tensor } from "../gpu/tensor.ts";
import { type LinearOptions, linear } from "./linear.ts";
import { takesActivation } from "./product.ts";

const shader = new Shader("gelu", source);

/**
 * out = x Phi(x), elementwise, with the normal distribution function Phi. The backward pass may overwrite x with its gradient: no
 * other op may read it there.
 *
 * @param x     any shape
 * @param form  "erf": exact; "tanh": the approximation that configurations call gelu_pytorch_tanh
 * @param computed  the result, where the layer before has computed it
 */
export function gelu(tape: Tape, x: Tensor, form: "tanh" | "erf", computed?: Tensor): Tensor {
  const out = computed ?? tape.empty("gelu", x.shape);
  const count = size(x.shape);
  const ERF = form === "erf" ? 1 : 0;
  const params = { count };
  const groups = grid(count, 64);
  if (!computed)
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

/**
 * gelu of a linear layer with all rows of its weight, in one dispatch where that can be. The bits are those of gelu(linear()).
 *
 * @param x       (N, I)
 * @param weight  (O, I)
 * @returns       (N, O)
 */
export function geluLinear(
  tape: Tape,
  x: Tensor,
  weight: Tensor,
  { bias, adapters = [], form }: Pick<LinearOptions, "bias" | "adapters"> & { form: "tanh" | "erf" },
): Tensor {
  const [N] = extents2(x);
  if (adapters.length > 0 || !takesActivation(tape.plan, N, weight))
    return gelu(tape, linear(tape, x, weight, { bias, adapters }), form);
  const activated = tape.empty("gelu", [N, extents2(weight)[0]]);
  return gelu(tape, linear(tape, x, weight, { bias, activation: { kind: form, activated } }), form, activated);
}
