import source from "../../shaders/roofline.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { expectShape, lengthOf, size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("roofline", source);

const threads = 256;
/** Fused multiply-adds of a thread in one round: 8 for each of its 32 sums. */
const addsPerRound = 256;

/** Floating point operations of `multiplyAdd`. */
export const multiplyAddFlops = (groups: number, rounds: number): number =>
  groups * threads * rounds * addsPerRound * 2;

/** to = from. Both have the same shape, of a size that four divides. */
export function copy(plan: Plan, from: Tensor, to: Tensor): void {
  expectShape(to, ...from.shape);
  if (size(from.shape) % 4 !== 0)
    throw new RangeError(`${from.name} has ${size(from.shape)} numbers, expected a multiple of 4`);
  const count = size(from.shape) / 4;
  plan.dispatch({
    shader,
    entry: "copy",
    tensors: { from4: from, to4: to },
    params: { count, rounds: 0, factor: 0, addend: 0 },
    groups: grid(count, threads),
  });
}

/**
 * Computes fused multiply-adds in registers, and nothing else. Each of a thread's 32 sums begins at thread % 256 + 0 to 7
 * and is replaced by factor sum + addend, 8 x rounds times; the sums of a thread are added at the end.
 *
 * @param out  (groups x 256)
 */
export function multiplyAdd(
  plan: Plan,
  out: Tensor,
  { rounds, factor, addend }: { rounds: number; factor: number; addend: number },
): void {
  const count = lengthOf(out);
  const groups = count / threads;
  if (!Number.isInteger(groups)) throw new RangeError(`${out.name} has ${count} numbers, expected a multiple of 256`);
  const params = { count: 0, rounds, factor, addend };
  plan.dispatch({ shader, entry: "multiply_add", tensors: { out }, params, groups: [groups] });
}
