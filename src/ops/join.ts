import source from "../../shaders/join.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("join", source);

/**
 * Puts rows side by side: what one product would have made of weights that the device cannot bind together.
 *
 * @param parts  (N, O1), (N, O2), ...
 * @returns      (N, O1 + O2 + ...)
 */
export function join(tape: Tape, parts: readonly Tensor[]): Tensor {
  const N = parts[0]!.shape[0]!;
  const O = parts.reduce((sum, { shape }) => sum + shape[1]!, 0);
  const out = tape.empty("join", [N, O]);
  let first = 0;
  const places = parts.map((x) => {
    expectShape(x, N, -1);
    const I = x.shape[1]!;
    const place = { x, params: { N, I, O, first }, groups: grid(N * I, 64) };
    first += I;
    return place;
  });
  for (const { x, params, groups } of places)
    tape.plan.dispatch({ shader, entry: "put", tensors: { x, out }, params, groups });

  tape.record(out, parts, () => {
    for (const { x, params, groups } of places) {
      const into = tape.into(x);
      if (into)
        tape.plan.dispatch({
          shader,
          entry: "backprop",
          tensors: { dout: tape.gradient(out), dx: into.d },
          params,
          groups,
          constants: into.constants,
        });
    }
  });
  return out;
}
