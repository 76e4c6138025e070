import source from "../../shaders/add.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("add", source);

/** out += x, of one shape. No gradient: it serves the ways back of other ops. */
export function accumulate(plan: Plan, out: Tensor, x: Tensor): void {
  expectShape(x, ...out.shape);
  const count = size(out.shape);
  plan.dispatch({ shader, entry: "accumulate", tensors: { x, out }, params: { count }, groups: grid(count, 64) });
}

/** Hands the gradient of `out` on to `input`, which was added into it. Call it last in a way back. */
export function passGradient(tape: Tape, out: Tensor, input: Tensor): void {
  if (tape.pass(out, input)) return;
  const into = tape.into(input);
  if (into) accumulate(tape.plan, into.d, { ...tape.gradient(out), shape: into.d.shape });
}
