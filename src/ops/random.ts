import source from "../../shaders/random.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("random", source);

/**
 * Overwrites a tensor with random numbers, uniform within -bound to bound, that depend on the seed alone.
 *
 * @param out   f32, any shape
 * @param seed  u32
 */
export function fillRandom(plan: Plan, out: Tensor, bound: number, seed: number): void {
  if (out.dtype !== "f32") throw new TypeError(`${out.name} is ${out.dtype}, random numbers are f32`);
  const count = size(out.shape);
  plan.dispatch({
    shader,
    entry: "fill",
    tensors: { out },
    params: { count, seed, bound },
    groups: grid(Math.ceil(count / 4), 64),
  });
}
