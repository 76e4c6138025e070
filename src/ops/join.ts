import source from "../../shaders/join.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, extents2, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("join", source);

/**
 * Concatenates matrices by columns: the result of one product whose weights the device cannot bind together.
 *
 * @param parts  (N, O1), (N, O2), ...
 * @returns      (N, O1 + O2 + ...)
 */
export function join(tape: Tape, parts: readonly Tensor[]): Tensor {
  const [N] = parts.map((x) => extents2(x)[0]);
  if (N === undefined) throw new RangeError("join() was given no tensors");
  const O = parts.reduce((sum, x) => sum + extents2(x)[1], 0);
  const out = tape.empty("join", [N, O]);
  let first = 0;
  const places = parts.map((x) => {
    expectShape(x, N, -1);
    const [, I] = extents2(x);
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
