import source from "../../shaders/random.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { bytesOf, size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("random", source);

/** Of dtypes with scales: what the largest number of a block is times its scale, and the number that stands for 0. */
const blocks = { i8: { most: 128, zero: 0 }, i4: { most: 8, zero: 8 }, nf4: { most: 1, zero: 0 } } as const;

/**
 * Overwrites a tensor with random numbers within -bound to bound, that depend on seed and dtype alone: uniform ones, but
 * for nf4, whose places are equally likely.
 *
 * @param out   any shape, of a dtype of weights; scales are written too
 * @param seed  u32
 */
export function fillRandom(plan: Plan, out: Tensor, bound: number, seed: number): void {
  const { dtype, scales } = out;
  const fill = (entry: string, tensors: Record<string, Tensor>, count: number, threads: number, of = bound, zero = 0) =>
    plan.dispatch({ shader, entry, tensors, params: { count, seed, bound: of, zero }, groups: grid(threads, 64) });
  const count = size(out.shape);
  switch (dtype) {
    case "f32":
      fill("fill", { out }, count, Math.ceil(count / 4));
      break;
    case "bf16":
    case "f16":
      fill(`fill_${dtype}`, { words: out }, count, Math.ceil(count / 4));
      break;
    case "i8":
    case "i4":
    case "nf4": {
      if (!scales) throw new TypeError(`${out.name} is ${dtype} and has no scales`);
      const words = bytesOf(out) / 4;
      const { most, zero } = blocks[dtype];
      fill("fill_words", { words: out }, words, Math.ceil(words / 4));
      fill("fill_scales", { words: scales }, size(scales.shape), size(scales.shape), bound / most, zero);
      break;
    }
    default:
      throw new TypeError(`${out.name} is ${dtype}, which is no dtype of weights`);
  }
}
