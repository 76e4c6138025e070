import source from "../../shaders/add.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("add", source);

/** out += x, of the same shape. Without gradient: used in backward passes of other ops. */
export function accumulate(plan: Plan, out: Tensor, x: Tensor): void {
  expectShape(x, ...out.shape);
  const count = size(out.shape);
  plan.dispatch({ shader, entry: "accumulate", tensors: { x, out }, params: { count }, groups: grid(count, 64) });
}

/** Passes the gradient of `out` to `input`, which was added to it. Must be the last step of a backward function. */
export function passGradient(tape: Tape, out: Tensor, input: Tensor): void {
  if (tape.pass(out, input)) return;
  const into = tape.into(input);
  if (into) accumulate(tape.plan, into.d, { ...tape.gradient(out), shape: into.d.shape });
}
